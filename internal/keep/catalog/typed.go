package catalog

import (
	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/policy/define"
)

// typed reads a checked node as its kind and gives its key and a way to add it
// to what rules understand.
func typed(kind Kind, n *yaml.Node) (key string, keep func(*define.Definitions), err error) {
	switch kind {
	case Purpose:
		return read(n, func(v define.Purpose) string { return v.Key },
			func(d *define.Definitions, v define.Purpose) { d.Purposes = append(d.Purposes, v) })
	case Category:
		return read(n, func(v define.Category) string { return v.Key },
			func(d *define.Definitions, v define.Category) { d.Categories = append(d.Categories, v) })
	case Notice:
		return read(n, noticeKey,
			func(d *define.Definitions, v define.Notice) { d.Notices = append(d.Notices, v) })
	case Pack:
		return read(n, func(v define.Pack) string { return v.Key },
			func(d *define.Definitions, v define.Pack) { d.Packs = append(d.Packs, v) })
	case Source:
		return read(n, func(v define.Source) string { return v.Key },
			func(d *define.Definitions, v define.Source) { d.Sources = append(d.Sources, v) })
	case Recipient:
		return read(n, func(v define.Recipient) string { return v.Key },
			func(d *define.Definitions, v define.Recipient) { d.Recipients = append(d.Recipients, v) })
	case Attribute:
		return read(n, func(v define.Attribute) string { return v.Name },
			func(d *define.Definitions, v define.Attribute) { d.Attributes = append(d.Attributes, v) })
	case Namespace:
		return read(n, func(v define.Namespace) string { return v.Key },
			func(d *define.Definitions, v define.Namespace) { d.Namespaces = append(d.Namespaces, v) })
	case Topic:
		return read(n, func(v define.Topic) string { return v.Key },
			func(d *define.Definitions, v define.Topic) { d.Topics = append(d.Topics, v) })
	case Form:
		return read(n, formKey,
			func(d *define.Definitions, v define.Form) { d.Forms = append(d.Forms, v) })
	case Signal:
		return read(n, func(v define.Signal) string { return v.Key },
			func(d *define.Definitions, v define.Signal) { d.Signals = append(d.Signals, v) })
	case Brand:
		return read(n, func(v define.Brand) string { return v.Key },
			func(d *define.Definitions, v define.Brand) { d.Brand = v })
	case Audience, Campaign:
	}
	if k := child(n, "key"); k != nil && k.Kind == yaml.ScalarNode {
		key = k.Value
	}
	return key, func(*define.Definitions) {}, nil
}

func read[T any](n *yaml.Node, key func(T) string, add func(*define.Definitions, T)) (string, func(*define.Definitions), error) {
	var v T
	if err := n.Decode(&v); err != nil {
		return "", nil, err
	}
	return key(v), func(d *define.Definitions) { add(d, v) }, nil
}

// noticeKey names one version in one language; a notice without a key has none.
func noticeKey(n define.Notice) string {
	if n.Key == "" {
		return ""
	}
	return n.Ref() + "/" + n.Language
}

// formKey names a form in one language; a form without a key has none.
func formKey(f define.Form) string {
	if f.Key == "" {
		return ""
	}
	return f.ID()
}
