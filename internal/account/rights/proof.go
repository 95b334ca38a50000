package rights

import (
	"github.com/heed-platform/heed/internal/keep/gate"
)

// Proof is what a person gets who was erased. It names nobody.
type Proof struct {
	gate.Certificate

	Says []string `json:"says"`
}

// EraseProof puts a certificate into words.
func EraseProof(c gate.Certificate) Proof {
	says := []string{
		"The keys that open this person's data are destroyed, so nobody can read it here any more, and the data itself is removed.",
		"Copies in backups cannot be opened after " + moment(c.Backups) + ".",
		"What stays is a mark that cannot be turned back into an identifier. It keeps a yes that was erased from coming back.",
	}
	if c.Left > 0 {
		says = append(says, "Some identifiers were left alone: only a claim joined them to this person, so they may be somebody else's."+
			" Whoever proves that they are theirs can have them erased too.")
	}
	if len(c.Underway) > 0 {
		says = append(says, "Overwriting what was removed takes longer on a database of this size and goes on by itself. Until then, what is left cannot be opened.")
	}
	return Proof{c, says}
}

func (s *sheet) list(name string, steps []string) {
	for _, step := range steps {
		s.row(2, column, name, "%s", step)
		name = ""
	}
}

// Text is the proof for people to read.
func (p Proof) Text() string {
	var s sheet
	s.head("Erased on %s", moment(p.At))
	s.row(2, column, "proof", "%s", p.ID)
	s.row(2, column, "identifiers", "%d erased, %d left alone", p.Fragments, p.Left)
	s.row(2, column, "gone from backups", "%s", moment(p.Backups))
	s.row(2, column, "mark", "%s", p.Tombstones)
	s.list("steps", p.Steps)
	s.list("still under way", p.Underway)
	s.b.WriteByte('\n')
	for _, line := range p.Says {
		s.line(2, "%s", line)
	}
	return s.String()
}
