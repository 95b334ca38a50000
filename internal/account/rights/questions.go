package rights

import (
	"slices"

	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// questions are the uses that a workspace's purposes can lead to: each purpose
// on each of its channels, or to each recipient where it is for passing data on.
func questions(d define.Definitions) []policy.Question {
	var out []policy.Question
	for _, p := range d.Purposes {
		for _, channel := range or1(p.Channels) {
			use := useOf(p.Key, channel)
			if use != policy.Share {
				out = append(out, policy.Question{Use: use, Purpose: p.Key, Channel: channel})
				continue
			}
			for _, to := range or1(receivers(d, p.Key)) {
				out = append(out, policy.Question{Use: use, Purpose: p.Key, Channel: channel, Recipient: to})
			}
		}
	}
	return out
}

// or1 is the list, or one empty word where it has none.
func or1(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

func receivers(d define.Definitions, purpose string) []string {
	var out []string
	for _, r := range d.Recipients {
		if slices.Contains(r.Purposes, purpose) {
			out = append(out, r.Key)
		}
	}
	return out
}

// useOf is the kind of use that a purpose is for.
func useOf(purpose, channel string) policy.Use {
	under := func(families ...string) bool {
		return slices.ContainsFunc(families, func(f string) bool { return policy.Within(purpose, f) })
	}
	switch {
	case under("third_party_sharing", "sales", "marketing.advertising.third_party"):
		return policy.Share
	case under("analytics"):
		return policy.Measure
	case under("train_ai_system"):
		return policy.Learn
	case channel != "" && under("marketing.communications", "essential"):
		return policy.Contact
	}
	return policy.Personalize
}

// use names a question: the purpose, and where the purpose alone would not tell
// it, the channel or the recipient.
func (w words) use(q policy.Question) string {
	name := w.purpose(q.Purpose)
	p, _ := find(w.d.Purposes, func(p define.Purpose) bool { return p.Key == q.Purpose })
	if len(p.Channels) > 1 {
		name += " (" + q.Channel + ")"
	}
	if q.Recipient != "" {
		name += " (" + w.recipient(q.Recipient).Label + ")"
	}
	return name
}
