package erasure

import (
	"fmt"
	"strings"
)

// Text is the proof for people to read.
func (p Proof) Text() string {
	var b strings.Builder
	b.WriteString(p.Proof.Text())
	fmt.Fprintf(&b, "\nRequest %s\n", p.Request)
	for _, r := range p.Recipients {
		fmt.Fprintf(&b, "  %s is told to erase as well (%s, %s)\n", r.Label, r.Way, r.Status)
	}
	for _, k := range p.Kept {
		fmt.Fprintf(&b, "  The law makes us keep %s (%d) until %s, apart and for nothing else: %s\n", k.Label, k.Count, k.Until.Time().Format("2 January 2006"), k.Law)
	}
	if p.Leaving > 0 {
		fmt.Fprintf(&b, "  %d messages were leaving when it began and may still arrive.\n", p.Leaving)
	}
	return b.String()
}
