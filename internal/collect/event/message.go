package event

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
)

// message is the event's messageId. One that cannot tell events apart (absent,
// too long, "undefined") is replaced by a digest, so that a retry is known by
// its content. Two events equal to the last byte, time included, are one then.
func (t *trial) message() string {
	raw := t.of(t.e.messageID)
	text, ok := strict.Text(raw)
	if !ok && strict.IsNumber(raw) {
		text = string(raw)
	}
	switch {
	case len(text) > MaxID || constant(text):
		sum := Digest(t.src.Key, t.of(t.e.at))
		return "heed-" + hex.EncodeToString(sum[:16])
	case !visible(text):
		t.refuse(BadEncoding, "messageId")
	}
	return text
}

// constant reports whether a messageId is what clients send for want of one.
func constant(id string) bool {
	switch id {
	case "undefined", "null", "nil", "none", "None", "NaN", "-1", "[object Object]":
		return true
	}
	for _, c := range []byte(id) {
		if c != '0' && c != '-' {
			return false
		}
	}
	return true
}

// Digest is one number for what an event says: equal for the same event sent
// again by the same source, whatever the order of its names, its spacing, and
// what belongs to the sending (sentAt, messageId, _metadata, …). It tells a retry
// from another event that reuses an id.
func Digest(source string, raw fact.Raw) [32]byte {
	b := make([]byte, 0, len(source)+1+len(raw))
	b = append(append(b, source...), 0)
	return sha256.Sum256(strict.AppendCanonical(b, raw, lasting))
}

// lasting reports whether a field says the same when an event is sent again.
// SDKs count their attempts in _metadata.
func lasting(name []byte) bool {
	switch string(name) {
	case "sentAt", "receivedAt", "writeKey", "messageId", "_metadata":
		return false
	}
	return true
}
