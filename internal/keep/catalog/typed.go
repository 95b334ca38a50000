package catalog

import (
	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/policy"
)

// typed reads a checked node as its kind and gives its key and a way to add it
// to what rules understand.
func typed(kind Kind, n *yaml.Node) (key string, keep func(*policy.Definitions), err error) {
	switch kind {
	case Purpose:
		return read(n, func(v policy.Purpose) string { return v.Key },
			func(d *policy.Definitions, v policy.Purpose) { d.Purposes = append(d.Purposes, v) })
	case Category:
		return read(n, func(v policy.Category) string { return v.Key },
			func(d *policy.Definitions, v policy.Category) { d.Categories = append(d.Categories, v) })
	case Notice:
		return read(n, noticeKey,
			func(d *policy.Definitions, v policy.Notice) { d.Notices = append(d.Notices, v) })
	case Pack:
		return read(n, func(v policy.Pack) string { return v.Key },
			func(d *policy.Definitions, v policy.Pack) { d.Packs = append(d.Packs, v) })
	case Source:
		return read(n, func(v policy.Source) string { return v.Key },
			func(d *policy.Definitions, v policy.Source) { d.Sources = append(d.Sources, v) })
	case Recipient:
		return read(n, func(v policy.Recipient) string { return v.Key },
			func(d *policy.Definitions, v policy.Recipient) { d.Recipients = append(d.Recipients, v) })
	case Attribute:
		return read(n, func(v policy.Attribute) string { return v.Name },
			func(d *policy.Definitions, v policy.Attribute) { d.Attributes = append(d.Attributes, v) })
	case Namespace:
		return read(n, func(v policy.Namespace) string { return v.Key },
			func(d *policy.Definitions, v policy.Namespace) { d.Namespaces = append(d.Namespaces, v) })
	case Topic:
		return read(n, func(v policy.Topic) string { return v.Key },
			func(d *policy.Definitions, v policy.Topic) { d.Topics = append(d.Topics, v) })
	case Brand:
		return read(n, func(v policy.Brand) string { return v.Key },
			func(d *policy.Definitions, v policy.Brand) { d.Brand = v })
	case Audience, Campaign:
	}
	if k := child(n, "key"); k != nil && k.Kind == yaml.ScalarNode {
		key = k.Value
	}
	return key, func(*policy.Definitions) {}, nil
}

func read[T any](n *yaml.Node, key func(T) string, add func(*policy.Definitions, T)) (string, func(*policy.Definitions), error) {
	var v T
	if err := n.Decode(&v); err != nil {
		return "", nil, err
	}
	return key(v), func(d *policy.Definitions) { add(d, v) }, nil
}

// noticeKey names one version in one language; a notice without a key has none.
func noticeKey(n policy.Notice) string {
	if n.Key == "" {
		return ""
	}
	return n.Ref() + "/" + n.Language
}
