package retention

import (
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// names are the members of an event that spell an identifier.
var names = map[string]person.Namespace{
	"userId": person.UserID, "anonymousId": person.AnonymousID, "groupId": event.GroupID,
}

// raw writes the event without what is over. told says whether what happened is
// kept by a promise, law which law keeps it otherwise.
func (j *judgment) raw(told bool, law *define.Retained) fact.Raw {
	return object(j.e.Raw, func(name string, value fact.Raw) fact.Raw {
		ns, spells := names[name]
		switch {
		case spells:
			if !j.spelled(ns) {
				return nil
			}
		case name == "previousId":
			if !j.spelled(person.UserID) || !j.spelled(person.AnonymousID) {
				return nil
			}
		case name == "traits" && j.e.Type == fact.Identify:
			return j.traits(value)
		case name == "context":
			return j.context(value, told)
		case name == "properties" && law != nil:
			return lawful(value, law.Keep)
		case name == "properties" && !told:
			return nil
		case name == "properties":
			return j.properties(value)
		case (name == "event" || name == "name" || name == "category") && !told && law == nil:
			return nil
		}
		return value
	})
}

func (j *judgment) spelled(ns person.Namespace) bool {
	category := j.c.rules.Category("identifiers." + string(ns))
	return category == "" || j.keeps(category)
}

func (j *judgment) traits(all fact.Raw) fact.Raw {
	return object(all, func(name string, value fact.Raw) fact.Raw {
		if j.c.now < j.c.traits[name] {
			j.kept++
			return value
		}
		if !j.part(j.c.rules.Category("traits." + name)) {
			return nil
		}
		return value
	})
}

// context keeps what the person said about themselves, and how the event was
// made as long as anything stays that it is about.
func (j *judgment) context(all fact.Raw, told bool) fact.Raw {
	whole := told && !slices.ContainsFunc(j.e.Identifiers, func(id person.Identifier) bool { return !j.spelled(id.NS) })
	device := j.c.rules.Category("identifiers." + string(person.DeviceID))
	return object(all, func(name string, value fact.Raw) fact.Raw {
		switch name {
		case "traits":
			return j.traits(value)
		case "notice", "consent":
			return value
		case "device", "ip", "userAgent", "network", "location":
			if device != "" && !j.keeps(device) {
				return nil
			}
		}
		if !whole {
			return nil
		}
		return value
	})
}

// properties leaves out products whose own category is over; of an event about
// one such thing nothing stays but that it happened.
func (j *judgment) properties(all fact.Raw) fact.Raw {
	if !j.part(private(j.c.rules, all)) {
		return nil
	}
	return object(all, func(name string, value fact.Raw) fact.Raw {
		if name != "products" {
			return value
		}
		return elements(value, func(product fact.Raw) fact.Raw {
			if !j.part(private(j.c.rules, product)) {
				return nil
			}
			return product
		})
	})
}

// lawful keeps the properties that a law names; "products.price" is one of each
// product.
func lawful(all fact.Raw, paths []string) fact.Raw {
	return object(all, func(name string, value fact.Raw) fact.Raw {
		if slices.Contains(paths, name) {
			return value
		}
		if name != "products" {
			return nil
		}
		return elements(value, func(product fact.Raw) fact.Raw {
			return object(product, func(field string, value fact.Raw) fact.Raw {
				if slices.Contains(paths, name+"."+field) {
					return value
				}
				return nil
			})
		})
	})
}

// object writes an object again, each member as keep gives it back, without those
// of which that is nil. What is no object comes back as it is.
func object(raw fact.Raw, keep func(name string, value fact.Raw) fact.Raw) fact.Raw {
	if len(raw) == 0 || raw[0] != '{' {
		return raw
	}
	out := append(make(fact.Raw, 0, len(raw)), '{')
	for name, value := range event.Members(raw) {
		left := keep(name, value)
		if left == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(strict.AppendText(out, name), ':')
		out = append(out, left...)
	}
	return append(out, '}')
}

// elements is object for a list.
func elements(raw fact.Raw, keep func(fact.Raw) fact.Raw) fact.Raw {
	if len(raw) == 0 || raw[0] != '[' {
		return raw
	}
	out := append(make(fact.Raw, 0, len(raw)), '[')
	for value := range event.Elements(raw) {
		left := keep(value)
		if left == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, left...)
	}
	return append(out, ']')
}
