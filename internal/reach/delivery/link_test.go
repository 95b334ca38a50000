package delivery

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/person"
)

func links(key byte) *Links {
	return NewLinks([32]byte{key}, func() string { return "https://heed.example" })
}

func token(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }

func TestLinks_sayWhatTheyWereMadeFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := Unsubscribe{
			Ref:     person.RefOf([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ref"))),
			Purpose: rapid.StringN(0, 80, 200).Draw(t, "purpose"), Channel: rapid.StringN(0, 20, 40).Draw(t, "channel"),
			Topic: rapid.StringN(0, 80, 200).Draw(t, "topic"),
		}
		address := links(1).Unsubscribe(u)
		if !strings.HasPrefix(address, "https://heed.example/u/") {
			t.Fatal(address)
		}
		got, err := links(1).ReadUnsubscribe(token(address))
		if err != nil || got != u {
			t.Fatalf("%+v, %v; want %+v", got, err, u)
		}
		if _, err := links(2).ReadUnsubscribe(token(address)); !errors.Is(err, ErrLink) {
			t.Fatalf("another key: %v", err)
		}
		if _, err := links(1).ReadWhy(token(address)); !errors.Is(err, ErrLink) {
			t.Fatalf("another use: %v", err)
		}
	})
}

func TestLinks_noBitMayChange(t *testing.T) {
	t.Parallel()
	good := token(links(1).Why(Why{Ref: person.RefOf([16]byte{7}), Decision: "d-1"}))
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		bad := append([]byte(nil), raw...)
		bad[i/8] ^= 1 << (i % 8)
		if w, err := links(1).ReadWhy(base64.RawURLEncoding.EncodeToString(bad)); !errors.Is(err, ErrLink) {
			t.Errorf("bit %d: %+v, %v", i, w, err)
		}
	}
	for n := range len(good) {
		if _, err := links(1).ReadWhy(good[:n]); !errors.Is(err, ErrLink) {
			t.Errorf("cut to %d: %v", n, err)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add(token(links(1).Why(Why{Decision: "d"})))
	f.Add(token(links(1).Unsubscribe(Unsubscribe{Purpose: "marketing", Channel: "email"})))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		w, err := links(1).ReadWhy(s)
		if err != nil {
			return
		}
		if again := token(links(1).Why(w)); again != strings.TrimSpace(s) {
			t.Errorf("%q was read, and is written %q", s, again)
		}
	})
}
