package policy

import "github.com/heed-platform/heed/internal/policy/define"

// The definitions that rules are made of; package define describes them.
type (
	Definitions = define.Definitions
	Purpose     = define.Purpose
	Category    = define.Category
	Notice      = define.Notice
	Cover       = define.Cover
	Pack        = define.Pack
	Recipient   = define.Recipient
	Source      = define.Source
	Topic       = define.Topic
	Attribute   = define.Attribute
	Namespace   = define.Namespace
	Brand       = define.Brand
)

// Within reports whether key is parent or lies under it: user.contact holds
// user.contact.email and not user.contactx.
func Within(key, parent string) bool { return define.Within(key, parent) }
