package expression

import "github.com/heed-platform/heed/internal/policy"

// equals is ==, or != when turned.
type equals struct {
	a, b   source
	turned bool
}

func (t equals) judge(r *Reading) policy.Tri {
	a, b := t.a.value(r), t.b.value(r)
	if a.kind == unknown || b.kind == unknown {
		return policy.Unknown
	}
	eq, ok := same(a, b)
	return tri(ok && eq != t.turned)
}

// relation is one of < <= > >=: the signs of a comparison that it accepts.
type relation struct{ less, equal, more bool }

// ordered is a comparison by size, time or alphabet.
type ordered struct {
	a, b    source
	accepts relation
}

func (t ordered) judge(r *Reading) policy.Tri {
	a, b := t.a.value(r), t.b.value(r)
	if a.kind == unknown || b.kind == unknown {
		return policy.Unknown
	}
	c, ok := order(a, b)
	return tri(ok && (c < 0 && t.accepts.less || c == 0 && t.accepts.equal || c > 0 && t.accepts.more))
}

// among is x in [ … ] with fixed members.
type among struct {
	of     source
	texts  map[string]bool
	others []value
}

func (t among) judge(r *Reading) policy.Tri {
	v := t.of.value(r)
	if v.kind == unknown {
		return policy.Unknown
	}
	if v.kind == text && t.texts[v.s] {
		return policy.Yes
	}
	for _, o := range t.others {
		if eq, _ := same(v, o); eq {
			return policy.Yes
		}
	}
	return policy.No
}

// inside is x in traits.tags: a member of a list, or a name in an object.
type inside struct{ of, in source }

func (t inside) judge(r *Reading) policy.Tri {
	v, in := t.of.value(r), t.in.value(r)
	if v.kind == unknown || in.kind == unknown {
		return policy.Unknown
	}
	found := false
	switch in.kind {
	case list:
		walk(in.s, func(_, member string) bool {
			found, _ = same(v, read(member))
			return !found
		})
	case object:
		walk(in.s, func(key, member string) bool {
			found = v.kind == text && v.s == key && read(member).kind != absent
			return !found
		})
	case unknown, absent, boolean, integer, decimal, text, instant, span:
	}
	return tri(found)
}
