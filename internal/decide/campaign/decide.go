package campaign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Decide asks the guards about one person in one moment. Candidate is false for
// whoever is known not to be in the audience: there is nothing to decide.
func (l *Live) Decide(m Moment, s fact.Sight, ruling policy.Ruling, now clock.Instant) (d fact.Decision, candidate bool) {
	answer := l.belongs(m, s, now)
	if answer == policy.No {
		return fact.Decision{}, false
	}
	x := l.matterOf(m)
	c := l.lay(x, s, ruling, answer, now)
	v := guard.Judge(c, l.zones)
	question, err := json.Marshal(c)
	if err != nil {
		panic("a case is plain values: " + err.Error())
	}
	return fact.Decision{
		ID: uuid.NewString(), Campaign: l.Key, Version: l.Version, Hash: l.Hash, Moment: x.moment,
		Purpose: l.Purpose, Channel: l.Channel, Chosen: v.Chosen, Holdout: v.Holdout, Defer: v.Later,
		Reasons: v.Reasons, Question: question, At: now,
	}, true
}

// belongs asks whether the person is in the audience and, where entering another
// one is the moment, whether this purpose may know that they are in it: that one
// was entered under a purpose of its own.
func (l *Live) belongs(m Moment, s fact.Sight, now clock.Instant) policy.Tri {
	answer := l.members.Match(s, now)
	if m.Kind != OnEnter || l.enters == nil || l.Trigger.Enters == l.Audience {
		return answer
	}
	switch entered := l.enters.Match(s, now); {
	case answer == policy.No || entered == policy.No:
		return policy.No
	case answer == policy.Unknown || entered == policy.Unknown:
		return policy.Unknown
	}
	return policy.Yes
}

// lot is a person's number in a campaign: the same for ever, independent from
// campaign to campaign, and a secret's to work out.
func (l *Live) lot(ref person.Ref) string {
	id := ref.Bytes()
	h := hmac.New(sha256.New, l.key)
	_, _ = h.Write([]byte("heed lot " + l.Key + "\x00"))
	_, _ = h.Write(id[:])
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// draw is the lot's place, 0 to 9,999.
func draw(lot string) int {
	raw, err := hex.DecodeString(lot)
	if err != nil || len(raw) < 8 {
		return 0 // held out before anybody else
	}
	return int(binary.BigEndian.Uint64(raw) % 10_000)
}

// Replay judges a decision again from the case it kept; same is whether the
// guards still say what they said.
func Replay(d fact.Decision) (same bool, reasons []fact.Reason, err error) {
	var c guard.Case
	if err := json.Unmarshal(d.Question, &c); err != nil {
		return false, nil, fmt.Errorf("replay decision: %w", err)
	}
	v := guard.Judge(c, nil)
	same = v.Chosen == d.Chosen && v.Holdout == d.Holdout && v.Later == d.Defer && slices.Equal(v.Reasons, d.Reasons)
	return same, v.Reasons, nil
}

// once names the moment of one person in one version of the campaign. It lies
// in clear beside the queue, so it is a hash: names of events and campaigns
// would tell what somebody did.
func (l *Live) once(lot string, m Moment) string {
	h := hmac.New(sha256.New, l.key)
	words := []string{"heed moment", versioned(l.Key, l.Version), lot, m.String()}
	switch {
	case m.Kind == OnSend: // a version is sent to somebody once
	case m.Event != nil:
		words = append(words, m.Event.Source, m.Event.Message)
	default:
		words = append(words, strconv.FormatInt(int64(m.At), 10))
	}
	for _, w := range words {
		_, _ = fmt.Fprintf(h, "%d:%s", len(w), w)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
