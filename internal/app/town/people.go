package town

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Taste is what a person comes to the shop for.
type Taste uint8

// The tastes.
const (
	Runner Taste = iota
	Coffee
	Jackets
	Gifts
	Expecting
	tastes
)

// Person is one inhabitant and everything they carry.
type Person struct {
	Number   int
	Given    string
	Family   string
	Taste    Taste
	Size     string
	Account  string // user id at the online shop
	Card     string // membership number; "" without a card
	Email    string
	Phone    string
	Handset  string // anonymous id of the phone's browser
	Laptop   string // anonymous id of the laptop's browser; "" without one
	Tablet   string // anonymous id of the family tablet; shared by two people
	Letter   bool   // signed up for the newsletter
	Texts    bool   // said yes to texts
	Quits    int    // day on which they take the newsletter back; 0 is never
	Returner bool   // sends things back now and then
}

var (
	givens = []string{
		"Ada", "Bruno", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leon",
		"Mira", "Nils", "Olga", "Paul", "Quirin", "Rosa", "Samir", "Tilda", "Umar", "Vera", "Willi", "Yara", "Zeno",
	}
	families = []string{
		"Albers", "Brandt", "Celik", "Dietz", "Engel", "Fuchs", "Graf", "Haas", "Ivanov", "Jansen", "Keller",
		"Lang", "Moser", "Nowak", "Otto", "Petri", "Reuter", "Sommer", "Thiel", "Vogel", "Winter", "Zeller",
	}
)

// chance is the person's own stream of chance, the same in every run.
func chance(seed uint64, person, day int) *rand.Rand {
	return rand.New(rand.NewPCG(seed^0x9e3779b97f4a7c15*uint64(person+1), uint64(day)+1)) //nolint:gosec // a story, not a secret
}

// person makes inhabitant n of the town.
func person(seed uint64, n int) Person {
	r := chance(seed, n, -1)
	p := Person{
		Number: n, Given: givens[(n+r.IntN(3))%len(givens)], Family: families[(n*7+r.IntN(2))%len(families)],
		Taste: Taste(r.IntN(int(tastes))), Size: []string{"S", "M", "L", "XL"}[r.IntN(4)],
		Account: fmt.Sprintf("acct-%06d", n), Handset: anonymous(r),
		Phone: fmt.Sprintf("+4930%07d", 5_000_000+n), Returner: r.IntN(4) == 0,
	}
	p.Email = fmt.Sprintf("%s.%s.%d@mail.example", strings.ToLower(p.Given), strings.ToLower(p.Family), n)
	if r.IntN(10) < 7 {
		p.Card = fmt.Sprintf("LL-%07d", 1_000_000+n)
	}
	if r.IntN(10) < 6 {
		p.Laptop = anonymous(r)
	}
	if n%8 < 2 { // two neighbors in eight share a tablet
		p.Tablet = anonymous(chance(seed, n-n%8, -2))
	}
	p.Letter = r.IntN(10) < 5
	p.Texts = r.IntN(10) < 2
	if p.Letter && r.IntN(6) == 0 {
		p.Quits = 10 + r.IntN(20)
	}
	return p
}

func anonymous(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a>>32), uint16(a>>16), a&0xfff, b>>52, b&0xffffffffffff)
}
