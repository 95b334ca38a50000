package campaign_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
)

var update = flag.Bool("update", false, "write what the campaigns decide now into testdata")

// TestTables reads testdata/*.txt: sentences about Ada, and moments. Under each
// moment stands what the example shop's campaigns decide, indented; -update
// rewrites that. An empty line begins anew.
func TestTables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables in testdata: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := stage{shop: open(t), file: file, p: ada()}
		got := s.play(string(text))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s: the decisions changed (- written, + made now; go test -run TestTables -update writes them):\n%s", file, diff)
		}
	}
}

type stage struct {
	*shop

	file string
	p    *fact.Profile
	sent map[string]bool // moments that were queued
	last queued
}

type queued struct {
	live *campaign.Live
	body []byte
}

func (s *stage) play(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue
		}
		out.WriteString(line + "\n")
		switch {
		case line == "":
			s.p, s.sent, s.last = ada(), map[string]bool{}, queued{}
			s.clock.Set(noon)
		case strings.HasPrefix(line, "#"):
		default:
			out.WriteString(s.read(line))
		}
	}
	return out.String()
}

var sentences = []struct {
	form *regexp.Regexp
	tell func(s *stage, m []string) string
}{
	{form(`It is (\S+)\.`), func(s *stage, m []string) string { s.clock.Set(instant(m[1])); return "" }},
	{form(`Ada gave her (\w+) under (\S+)\.`), func(s *stage, m []string) string { give(s.p, m[1], `"something"`, m[2]); return "" }},
	{form(`Ada said yes to (\S+) under (\S+)\.`), func(s *stage, m []string) string { agree(s.p, m[1], m[2]); return "" }},
	{form(`Ada took back (\S+)\.`), func(s *stage, m []string) string {
		s.p.Grants = append(s.p.Grants, fact.Grant{Purpose: m[1], Status: fact.Withdrawn, Method: "form", Received: s.clock.Now()})
		return ""
	}},
	{form(`Ada bought (-?\d+) (\S+)(?: of size (\S+))? \((.*)\) on (\S+) under (\S+)\.`), func(s *stage, m []string) string {
		buy(s.p, m[2], m[3], m[4], int64(number(m[1])), instant(m[5]), m[6])
		return ""
	}},
	{form(`Ada did (.+) (\d+) times by (\S+) under (\S+)\.`), func(s *stage, m []string) string {
		happen(s.p, m[1], m[4], int64(number(m[2])), instant(m[3]))
		return ""
	}},
	{form(`Ada mutes (.+)\.`), func(s *stage, m []string) string {
		s.p.Preference.Muted = append(s.p.Preference.Muted, m[1])
		return ""
	}},
	{form(`Ada chose (.+)\.`), func(s *stage, m []string) string {
		s.p.Preference.Topics = append(s.p.Preference.Topics, m[1])
		return ""
	}},
	{form(`Ada is quiet from (\d+):(\d+) to (\d+):(\d+) by the clocks of (\S+)\.`), func(s *stage, m []string) string {
		w := &s.p.Preference
		w.QuietOn, w.QuietAt, w.QuietTo, w.Zone = true, number(m[1])*60+number(m[2]), number(m[3])*60+number(m[4]), m[5]
		return ""
	}},
	{form(`Ada takes a break until (\S+)\.`), func(s *stage, m []string) string { s.p.Preference.Break = instant(m[1]); return "" }},
	{form(`Ada got (\w+) by (\w+) at (\S+)\.`), func(s *stage, m []string) string {
		s.p.Contacted = append(s.p.Contacted, fact.Contacted{Class: m[1], Channel: m[2], At: instant(m[3])})
		return ""
	}},
	{form(`(\S+) is sent\.`), func(s *stage, m []string) string {
		return s.moment(campaign.Moment{Kind: campaign.OnSend, Name: m[1], At: s.clock.Now()})
	}},
	{form(`Ada enters (\S+)\.`), func(s *stage, m []string) string {
		return s.moment(campaign.Moment{Kind: campaign.OnEnter, Name: m[1], At: s.clock.Now()})
	}},
	{form(`(Page )?(.+) happens(?: with (.+))? under (\S+)\.`), (*stage).event},
	{form(`It leaves\.`), func(s *stage, _ []string) string { return s.leave() }},
}

func form(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func (s *stage) read(line string) string {
	s.tb.Helper()
	for _, known := range sentences {
		if m := known.form.FindStringSubmatch(line); m != nil {
			return known.tell(s, m)
		}
	}
	s.tb.Fatalf("%s: nobody understands %q", s.file, line)
	return ""
}

func (s *stage) event(m []string) string {
	e := &fact.Event{
		Source: "server", Message: fmt.Sprintf("m-%d", s.clock.Now()), Type: fact.Track, Name: m[2], At: s.clock.Now(), Notice: m[4],
		Raw: fact.Raw(`{"properties":{` + m[3] + `}}`),
	}
	if m[1] != "" {
		e.Type = fact.Page
	} else {
		happen(s.p, e.Name, e.Notice, 1, e.At)
	}
	return s.moment(campaign.Moment{Kind: campaign.OnEvent, Name: e.Name, At: e.At, Event: e})
}

func (s *stage) moment(m campaign.Moment) string {
	var out strings.Builder
	for _, l := range s.engine.Triggered(m) {
		d, candidate := s.decide(l, s.p, m)
		fmt.Fprintf(&out, "  %s: ", l.Key)
		if !candidate {
			out.WriteString("nothing to decide\n")
			continue
		}
		same, _, err := campaign.Replay(d)
		if err != nil || !same {
			s.tb.Errorf("%s: %s decides something else when it is replayed: %v", s.file, l.Key, err)
		}
		switch {
		case d.Chosen && d.Defer > 0:
			fmt.Fprintf(&out, "not before %s", d.Defer.Time().Format(time.RFC3339))
		case d.Chosen:
			out.WriteString("yes")
		case d.Holdout:
			out.WriteString("left out by chance")
		default:
			out.WriteString("no")
		}
		for _, r := range d.Reasons {
			if r.Veto {
				fmt.Fprintf(&out, "; %s (%s)", r.Guard, r.Code)
			}
		}
		out.WriteString(s.queue(l, &d, m) + "\n")
	}
	if out.Len() == 0 {
		return "  nobody is considered\n"
	}
	return out.String()
}

func (s *stage) queue(l *campaign.Live, d *fact.Decision, m campaign.Moment) string {
	if !d.Chosen {
		return ""
	}
	unique, _, body := l.Delivery(d, m)
	if s.sent[unique] {
		return "; queued already"
	}
	s.sent[unique], s.last = true, queued{l, body}
	return ""
}

// leave asks again what was queued last.
func (s *stage) leave() string {
	if s.last.live == nil {
		return "  nothing is queued\n"
	}
	q, err := campaign.ParseDelivery(s.last.body)
	if err != nil {
		s.tb.Fatal(err)
	}
	sight, ruling := s.see(s.last.live, s.p)
	if ruling.Code != "" {
		return "  the gate says no: " + ruling.Code + "\n"
	}
	code, later := s.last.live.Recheck(q, sight, s.clock.Now())
	switch {
	case code == "":
		return "  it is gone\n"
	case later != 0:
		return fmt.Sprintf("  %s, not before %s\n", code, later.Time().Format(time.RFC3339))
	}
	return "  never: " + code + "\n"
}

func TestTables_readEveryCampaign(t *testing.T) {
	t.Parallel()
	s := open(t)
	files, _ := filepath.Glob("testdata/*.txt")
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, d := range s.campaigns {
		if !slices.Contains(strings.Fields(all.String()), d.Key+":") {
			t.Errorf("no table shows what %s decides", d.Key)
		}
	}
}
