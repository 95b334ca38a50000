package gpp

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// MarshalJSON writes {"sectionIds": […], "sections": {"7": {"name": "usnat",
// "section": {…}}}}. Sections that nobody here can read are listed apart, as
// "unknownSectionIds"; the official library leaves them out.
func (s String) MarshalJSON() ([]byte, error) {
	type one struct {
		Name    string  `json:"name"`
		Section Section `json:"section"`
	}
	out := struct {
		IDs      []int          `json:"sectionIds"` //nolint:tagliatelle // the library's name
		Sections map[string]one `json:"sections"`
		Unknown  []int          `json:"unknownSectionIds,omitempty"` //nolint:tagliatelle // goes with the library's
	}{[]int{}, map[string]one{}, s.Unknown}
	for _, section := range s.Sections {
		out.IDs = append(out.IDs, section.ID)
		out.Sections[strconv.Itoa(section.ID)] = one{section.Name, section}
	}
	return json.Marshal(out)
}

// MarshalJSON writes the fields in their order.
func (s Section) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			return nil, err
		}
		b.WriteString(strconv.Quote(f.Name) + ":")
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
