package template

import "slices"

// data is Values over one JSON object: fields are members of members.
type data struct {
	root     Value
	withheld []string
	asked    []string
}

func dataOf(json string) *data {
	v, err := ParseValue(json)
	if err != nil {
		panic(err)
	}
	return &data{root: v}
}

func (d *data) Lookup(path []string) (Value, Presence) {
	name := field{path: path}.name()
	d.asked = append(d.asked, name)
	if slices.Contains(d.withheld, name) {
		return String("must never be seen"), Withheld
	}
	v := d.root
	for _, step := range path {
		var ok bool
		if v, ok = v.member(step); !ok {
			return Value{}, Absent
		}
	}
	return v, Known
}
