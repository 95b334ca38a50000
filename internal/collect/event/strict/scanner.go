package strict

// The limits of one value. A caller raises Floor to count depth from there.
const (
	MaxDepth   = 64   // objects and arrays inside one another
	MaxMembers = 1000 // names in one object
)

// Span is where a value lies: bytes From (inclusive) to To. The zero Span is
// a value that was never there.
type Span struct{ From, To int32 }

// IsZero reports whether there is no value.
func (s Span) IsZero() bool { return s.To == 0 }

// Of cuts the span out of the bytes that were scanned; nil when it is zero.
func (s Span) Of(b []byte) []byte {
	if s.To == 0 {
		return nil
	}
	return b[s.From:s.To:s.To]
}

// Fault is a rule that a value broke while its end could still be found.
type Fault uint8

// The faults; the zero Fault is none.
const (
	Encoding    Fault = iota + 1 // not UTF-8, a lone surrogate, NUL, a bare control character, an unknown escape
	Duplicate                    // one name twice in one object
	Variant                      // reported by callers: a name that differs from a known one only in case
	TooDeep                      // deeper than MaxDepth
	TooManyKeys                  // more names in one object than MaxMembers
)

// Scanner walks over bytes once. Use New, then Enter and Next for the objects
// and Item for the arrays whose parts you want, and Skip for everything else:
// Skip checks what it passes.
type Scanner struct {
	b      []byte
	i      int
	depth  int
	floor  int
	first  bool // nothing of the object or array just entered was read yet
	broken bool
	fault  Fault
	path   string
	names  [][]byte // of every open object, the innermost last
	open   []frame  // the open objects
	left   Span     // the object left last

	// Most bodies fit in here, which makes a scan one allocation.
	roomForNames [64][]byte
	roomForOpen  [16]frame
}

// frame is one open object: where its names begin and where it begins.
type frame struct{ names, from int }

// New starts at the first value of b, of which there may be at most 2 GB.
func New(b []byte) *Scanner {
	s := &Scanner{b: b}
	s.names, s.open = s.roomForNames[:0], s.roomForOpen[:0]
	s.space()
	return s
}

// Broken reports whether the bytes are not JSON; nothing after that is of use.
func (s *Scanner) Broken() bool { return s.broken }

// Take returns the first fault since the last Take and the names that lead to
// it, joined by dots, and forgets both.
func (s *Scanner) Take() (f Fault, path string) {
	f, path = s.fault, s.path
	s.fault, s.path = 0, ""
	return f, path
}

// Report notes a fault that only the caller can see, at the current name.
func (s *Scanner) Report(f Fault) {
	if s.fault != 0 {
		return
	}
	s.fault, s.path = f, s.where()
}

// Floor makes MaxDepth count from the value that begins here.
func (s *Scanner) Floor() { s.floor = s.depth }

// Ground makes MaxDepth count from the outermost value again.
func (s *Scanner) Ground() { s.floor = 0 }

// End reports whether only white space is left.
func (s *Scanner) End() bool {
	s.space()
	return !s.broken && s.i == len(s.b)
}

// Enter steps into the object that begins here. When the value is something
// else it returns false and stays; Skip passes it.
func (s *Scanner) Enter() bool { return s.enter('{') }

// EnterArray steps into the array that begins here, or returns false and stays.
func (s *Scanner) EnterArray() bool { return s.enter('[') }

func (s *Scanner) enter(bracket byte) bool {
	if s.broken || s.peek() != bracket || s.depth-s.floor >= MaxDepth {
		return false
	}
	if bracket == '{' {
		s.open = append(s.open, frame{len(s.names), s.i})
	}
	s.i++
	s.depth++
	s.first = true
	return true
}

// Left is where the object that was left last lies.
func (s *Scanner) Left() Span { return s.left }

// Next moves to the next member of the object that was entered and returns its
// name, unescaped. The value must be passed (Skip, or Enter to its end) before
// Next is called again. After the last member it leaves the object and ok is
// false. The name is valid while the scanned bytes are.
func (s *Scanner) Next() (name []byte, ok bool) {
	s.space()
	c := s.peek()
	switch {
	case s.broken:
		return nil, false
	case c == '}':
		s.i++
		s.leave()
		return nil, false
	case s.first:
		s.first = false
	case c == ',':
		s.i++
		s.space()
	default:
		s.broken = true
		return nil, false
	}
	return s.member()
}

// Item moves to the next element of the array that was entered, and leaves it
// after the last one.
func (s *Scanner) Item() bool {
	s.space()
	c := s.peek()
	switch {
	case s.broken:
		return false
	case c == ']':
		s.i++
		s.depth--
		s.first = false
		return false
	case s.first:
		s.first = false
		return true
	case c == ',':
		s.i++
		s.space()
		return true
	}
	s.broken = true
	return false
}

// Skip checks the value that begins here and passes it. A broken value is the
// zero Span.
func (s *Scanner) Skip() Span {
	from := s.i
	if s.broken || !s.value() {
		s.broken = true
		return Span{}
	}
	return span(from, s.i)
}

// value passes one value; false breaks the scan.
func (s *Scanner) value() bool {
	switch c := s.peek(); c {
	case '"':
		_, ok := s.text()
		return ok
	case '{':
		return s.object()
	case '[':
		return s.array()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *Scanner) object() bool {
	if s.depth-s.floor >= MaxDepth {
		return s.abyss()
	}
	s.open = append(s.open, frame{len(s.names), s.i})
	s.i++
	s.depth++
	s.space()
	if s.peek() == '}' {
		s.i++
		s.leave()
		return true
	}
	for {
		if _, ok := s.member(); !ok || !s.value() {
			return false
		}
		s.space()
		c := s.peek()
		s.i++
		switch c {
		case ',':
			s.space()
		case '}':
			s.leave()
			return true
		default:
			return false
		}
	}
}

func (s *Scanner) array() bool {
	if s.depth-s.floor >= MaxDepth {
		return s.abyss()
	}
	s.i++
	s.depth++
	s.space()
	if s.peek() == ']' {
		s.i++
		s.depth--
		s.first = false
		return true
	}
	for {
		if !s.value() {
			return false
		}
		s.space()
		c := s.peek()
		s.i++
		switch c {
		case ',':
			s.space()
		case ']':
			s.depth--
			s.first = false
			return true
		default:
			return false
		}
	}
}

// abyss passes a value that is too deep. It only looks for the end, so that
// twenty thousand brackets cost no stack.
func (s *Scanner) abyss() bool {
	s.Report(TooDeep)
	end, ok := skip(s.b, s.i)
	s.i = end
	return ok
}

// member reads a name and its colon and stops at the value.
func (s *Scanner) member() ([]byte, bool) {
	if s.peek() != '"' {
		s.broken = true
		return nil, false
	}
	from := s.i
	escaped, ok := s.text()
	if !ok {
		s.broken = true
		return nil, false
	}
	name := s.b[from+1 : s.i-1]
	if escaped {
		name = unescape(nil, name)
	}
	if len(s.names)-s.open[len(s.open)-1].names < MaxMembers {
		s.names = append(s.names, name)
	} else {
		s.Report(TooManyKeys)
	}
	s.space()
	if s.peek() != ':' {
		s.broken = true
		return nil, false
	}
	s.i++
	s.space()
	return name, true
}

// leave closes the innermost object: only now are all its names known.
func (s *Scanner) leave() {
	f := s.open[len(s.open)-1]
	if name, yes := repeated(s.names[f.names:]); yes {
		s.names[len(s.names)-1] = name
		s.Report(Duplicate)
	}
	s.names = s.names[:f.names]
	s.open = s.open[:len(s.open)-1]
	s.left = span(f.from, s.i)
	s.depth--
	s.first = false
}

func span(from, to int) Span {
	return Span{int32(from), int32(to)}
}

func (s *Scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\r', '\t':
			s.i++
		default:
			return
		}
	}
}

// peek is the next byte, or zero at the end: no JSON token begins with it.
func (s *Scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}
