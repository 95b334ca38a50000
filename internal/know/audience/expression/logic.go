package expression

import "github.com/heed-platform/heed/internal/policy"

// judge is a part of an expression that is yes, no or unknown.
type judge interface {
	judge(r *Reading) policy.Tri
}

// source is a part of an expression that has a value.
type source interface {
	value(r *Reading) value
}

func tri(b bool) policy.Tri {
	if b {
		return policy.Yes
	}
	return policy.No
}

// constant is a value written in the expression.
type constant struct{ v value }

func (c constant) value(*Reading) value { return c.v }

// truth reads a value where a yes or no is wanted: only a true is a yes.
type truth struct{ of source }

func (t truth) judge(r *Reading) policy.Tri {
	v := t.of.value(r)
	if v.kind == unknown {
		return policy.Unknown
	}
	return tri(v.kind == boolean && v.n == 1)
}

// verdict reads a yes or no where a value is wanted.
type verdict struct{ of judge }

func (t verdict) value(r *Reading) value {
	switch t.of.judge(r) {
	case policy.Yes:
		return boolValue(true)
	case policy.No:
		return boolValue(false)
	case policy.Unknown:
	}
	return value{}
}

// and is no as soon as either side is no, whatever is withheld on the other.
type and struct{ a, b judge }

func (t and) judge(r *Reading) policy.Tri {
	a := t.a.judge(r)
	if a == policy.No {
		return policy.No
	}
	b := t.b.judge(r)
	if b == policy.No || a == policy.Yes {
		return b
	}
	return policy.Unknown
}

// or is yes as soon as either side is yes, whatever is withheld on the other.
type or struct{ a, b judge }

func (t or) judge(r *Reading) policy.Tri {
	a := t.a.judge(r)
	if a == policy.Yes {
		return policy.Yes
	}
	b := t.b.judge(r)
	if b == policy.Yes || a == policy.No {
		return b
	}
	return policy.Unknown
}

// not leaves unknown unknown: the opposite of what nobody may look at is not
// known either.
type not struct{ of judge }

func (t not) judge(r *Reading) policy.Tri {
	switch t.of.judge(r) {
	case policy.Yes:
		return policy.No
	case policy.No:
		return policy.Yes
	case policy.Unknown:
	}
	return policy.Unknown
}

// either is condition ? yes : no with judges on both sides.
type either struct{ condition, yes, no judge }

func (t either) judge(r *Reading) policy.Tri {
	switch t.condition.judge(r) {
	case policy.Yes:
		return t.yes.judge(r)
	case policy.No:
		return t.no.judge(r)
	case policy.Unknown:
	}
	return policy.Unknown
}

// choice is condition ? yes : no with values on both sides.
type choice struct {
	condition judge
	yes, no   source
}

func (t choice) value(r *Reading) value {
	switch t.condition.judge(r) {
	case policy.Yes:
		return t.yes.value(r)
	case policy.No:
		return t.no.value(r)
	case policy.Unknown:
	}
	return value{}
}
