package gpp

import (
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
)

// layout is how one US section lies. Fields are named in their order, two bits
// each; "Name*8" is a list of eight. The version of six bits comes first and has
// the name that stands in version.
type layout struct {
	id      int
	name    string
	version string
	core    string
	second  segment
	// sensitive says for each place of SensitiveDataProcessing, in order, which
	// kind of data it is about (see kinds).
	sensitive string
}

// segment is what may follow the core.
type segment uint8

const (
	none       segment = iota
	gpcSegment         // two bits of type, and the GPC bit
	sensitives         // SensitiveDataProcessing, without a type
)

// The fields that many states share.
const (
	notices  = " ProcessingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice"
	sharing  = " SharingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice"
	optOuts  = " SaleOptOut TargetedAdvertisingOptOut"
	mspa     = " MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode"
	extra    = " AdditionalDataProcessingConsent"
	child    = " KnownChildSensitiveDataConsents"
	mspaCore = "MspaCoveredTransaction MspaMode" + notices + optOuts
	common   = "origin faith health sex citizenship genes body place"
)

// layouts are the US sections of the specification, as the official library
// reads them. Source: IAB Tech Lab, Global Privacy Platform, Sections/US-*.
var layouts = []layout{
	{8, "usca", "Version", "SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut" +
		" SensitiveDataProcessing*9" + child + "*2 PersonalDataConsents" + mspa, gpcSegment, "papers account place origin mail genes body health sex"},
	{9, "usva", "Version", sharing + optOuts + " SensitiveDataProcessing*8" + child + mspa, none, common},
	{10, "usco", "Version", sharing + optOuts + " SensitiveDataProcessing*7" + child + mspa, gpcSegment, "origin faith health sex citizenship genes body"},
	{11, "usut", "Version", sharing + " SensitiveDataProcessingOptOutNotice" + optOuts + " SensitiveDataProcessing*8" + child + mspa, none, "origin faith sex citizenship health genes body place"},
	{12, "usct", "Version", sharing + optOuts + " SensitiveDataProcessing*8" + child + "*3" + mspa, gpcSegment, common},
	{13, "usfl", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + "*3" + extra + mspa, none, common},
	{14, "usmt", "Version", sharing + optOuts + " SensitiveDataProcessing*8" + child + "*3" + extra + mspa, gpcSegment, common},
	{15, "usor", "Version", notices + optOuts + " SensitiveDataProcessing*11" + child + "*3" + extra + mspa, gpcSegment, "origin faith health sex gender citizenship origin victim genes body place"},
	{16, "ustx", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + extra + mspa, gpcSegment, common},
	{17, "usde", "Version", notices + optOuts + " SensitiveDataProcessing*9" + child + "*5" + extra + mspa, gpcSegment, "origin faith health sex gender citizenship genes body place"},
	{18, "usia", "Version", notices + " SensitiveDataOptOutNotice" + optOuts + " SensitiveDataProcessing*8" + child + mspa, gpcSegment, common},
	{19, "usne", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + extra + mspa, gpcSegment, common},
	{20, "usnh", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + "*3" + extra + mspa, gpcSegment, common},
	{21, "usnj", "Version", notices + optOuts + " SensitiveDataProcessing*10" + child + "*5" + extra + mspa, gpcSegment, common + " gender account"},
	{22, "ustn", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + extra + mspa, gpcSegment, common},
	{23, "usmn", "Version", notices + optOuts + " SensitiveDataProcessing*8" + child + extra + mspa, gpcSegment, common},
	{24, "usmd", "MspaVersion", mspaCore + extra, gpcSegment, ""},
	{25, "usin", "MspaVersion", mspaCore + child + extra, sensitives, common},
	{26, "usky", "MspaVersion", mspaCore + child + extra, sensitives, common},
	{27, "usri", "MspaVersion", mspaCore + child + extra, sensitives, common},
}

// national is the US national section in version 2, and in the first layout of
// version 1, which had fewer places.
var national = [2]layout{
	{usNat, "usnat", "Version", nationalHead + " SensitiveDataProcessing*12" + child + "*2 PersonalDataConsents" + mspa, gpcSegment, nationalKinds},
	{usNat, "usnat", "Version", nationalHead + " SensitiveDataProcessing*16" + child + "*3 PersonalDataConsents" + mspa, gpcSegment, nationalKinds},
}

const (
	nationalHead = "SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice" +
		" SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut TargetedAdvertisingOptOut"
	nationalKinds = common + " papers account union mail health victim origin gender"
)

func layoutOf(id int) (layout, bool) {
	if id == usNat {
		return national[1], true
	}
	for _, l := range layouts {
		if l.id == id {
			return l, true
		}
	}
	return layout{}, false
}

func (l layout) decode(text string) (Section, error) {
	core, second, some := strings.Cut(text, ".")
	if core == "" || some && second == "" {
		return Section{}, ErrEmpty
	}
	if some && (l.second == none || strings.Contains(second, ".")) {
		return Section{}, ErrSegment
	}
	s := Section{ID: l.id, Name: l.name}
	r := bits.Base64(core)
	version := r.Int(6)
	switch {
	case l.id == usNat && version == 1:
		s.Fields = nationalV1(r, len(core))
	case version == 1 && l.id != usNat, version == 2 && l.id == usNat:
		s.Fields = append([]Field{{l.version, version}}, choices(r, l.core)...)
	default:
		r.Fail(ErrVersion)
	}
	r.End()
	if err := r.Err(); err != nil {
		return Section{}, err
	}
	more, err := l.more(second)
	s.Fields = append(s.Fields, more...)
	return s, err
}

// v1Letters is how many letters the first layout of usnat version 1 fills at
// most. For a while encoders wrote version 1 in the places of version 2; the
// official library tells them apart by length, and shows of the longer one what
// version 1 has.
const v1Letters = 11

func nationalV1(r *bits.Reader, letters int) []Field {
	head := []Field{{"Version", 1}}
	if letters <= v1Letters {
		return append(head, choices(r, national[0].core)...)
	}
	fields := choices(r, national[1].core)
	for i, f := range fields {
		list, _ := f.Value.([]int)
		switch f.Name {
		case sensitiveField:
			fields[i].Value = list[:12]
		case childField:
			fields[i].Value = list[:2]
		}
	}
	return append(head, fields...)
}

// choices reads fields of two bits.
func choices(r *bits.Reader, names string) []Field {
	var fields []Field
	for name := range strings.FieldsSeq(names) {
		name, count, list := strings.Cut(name, "*")
		if !list {
			fields = append(fields, Field{name, r.Choice()})
			continue
		}
		n, err := strconv.Atoi(count)
		if err != nil {
			r.Fail(err)
		}
		fields = append(fields, Field{name, r.Choices(n)})
	}
	return fields
}

// more reads the segment after the core; without one its fields are as the
// library shows them: the signal is off, and nothing was said.
func (l layout) more(text string) ([]Field, error) {
	r := bits.Base64(text)
	var fields []Field
	switch {
	case l.second == gpcSegment && text == "":
		return []Field{{"GpcSegmentType", 1}, {gpcField, false}}, nil
	case l.second == gpcSegment:
		if r.Int(2) != 1 {
			r.Fail(ErrSegment)
		}
		fields = []Field{{"GpcSegmentType", 1}, {gpcField, r.Bool()}}
	case l.second == sensitives && text == "":
		return []Field{{sensitiveField, make([]int, 8)}}, nil
	case l.second == sensitives:
		fields = choices(r, sensitiveField+"*8")
	}
	r.End()
	return fields, r.Err()
}

// Names of fields that mean something here.
const (
	sensitiveField = "SensitiveDataProcessing"
	childField     = "KnownChildSensitiveDataConsents"
	gpcField       = "Gpc"
)
