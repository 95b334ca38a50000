package money

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestMinor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		decimal, currency string
		want              int64
		ok                bool
	}{
		{"19.99", "EUR", 1999, true},
		{"19.9", "EUR", 1990, true},
		{"19", "EUR", 1900, true},
		{".5", "EUR", 50, true},
		{"5.", "EUR", 500, true},
		{"-3.10", "USD", -310, true},
		{"+3.10", "USD", 310, true},
		{"59.970000000000006", "USD", 5997, true},
		{"19.995", "USD", 2000, true},
		{"19.9949999", "USD", 1999, true},
		{"-19.995", "USD", -2000, true},
		{"0.004", "USD", 0, true},
		{"0.0005", "USD", 0, true},
		{"1500", "JPY", 1500, true},
		{"1500.5", "JPY", 1501, true},
		{"1.2345", "KWD", 1235, true},
		{"1.23456", "CLF", 12346, true},
		{"1.5e3", "EUR", 150000, true},
		{"15E-1", "EUR", 150, true},
		{"1e-9", "EUR", 0, true},
		{"0", "EUR", 0, true},
		{"000000000000000000000000012.30", "EUR", 1230, true},
		{"92233720368547758.07", "EUR", 0, false}, // the last digits are not worth a harder test
		{"92233720368547757.99", "EUR", 9223372036854775799, true},
		{"92233720368547758.08", "EUR", 0, false},
		{"1e40", "EUR", 0, false},
		{"1e99999999999", "EUR", 0, false},
		{"", "EUR", 0, false},
		{"-", "EUR", 0, false},
		{".", "EUR", 0, false},
		{"19,99", "EUR", 0, false},
		{"1.299.00", "EUR", 0, false},
		{"€5", "EUR", 0, false},
		{"NaN", "EUR", 0, false},
		{"0x10", "EUR", 0, false},
		{"1e", "EUR", 0, false},
		{" 1", "EUR", 0, false},
	}
	for _, tt := range tests {
		got, ok := Minor(tt.decimal, tt.currency)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("Minor(%q, %s) = %d, %v; want %d, %v", tt.decimal, tt.currency, got, ok, tt.want, tt.ok)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		minor    int64
		currency string
		want     string
	}{
		{1999, "EUR", "19.99"},
		{5, "EUR", "0.05"},
		{-5, "EUR", "-0.05"},
		{0, "EUR", "0.00"},
		{1500, "JPY", "1500"},
		{1, "KWD", "0.001"},
		{-1 << 63, "EUR", "-92233720368547758.08"},
	}
	for _, tt := range tests {
		if got := Text(tt.minor, tt.currency); got != tt.want {
			t.Errorf("Text(%d, %s) = %s, want %s", tt.minor, tt.currency, got, tt.want)
		}
	}
}

func TestMinor_readsItsOwnText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-1<<60, 1<<60).Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF"}).Draw(t, "currency")
		if got, ok := Minor(Text(minor, currency), currency); !ok || got != minor {
			t.Fatalf("%d came back as %d, %v", minor, got, ok)
		}
	})
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"EUR": "EUR", "usd": "USD", "e r": "", "": "", "EURO": "", "€": "", "12A": ""} {
		if got, ok := Currency(in); got != want || ok != (want != "") {
			t.Errorf("Currency(%q) = %q, %v", in, got, ok)
		}
	}
}

// FuzzMinor compares with exact rational arithmetic.
func FuzzMinor(f *testing.F) {
	for _, s := range []string{"19.99", "-0.005", "1e3", "0.00000", "9e18", "5.", ".5", "1e-40"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Minor(s, "EUR")
		if !ok {
			return
		}
		want, fine := new(big.Rat).SetString(s)
		if !fine {
			t.Fatalf("%q was read as %d and is no number", s, got)
		}
		want.Mul(want, big.NewRat(100, 1))
		off := want.Sub(want, new(big.Rat).SetInt64(got))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%q was read as %d minor units", s, got)
		}
	})
}
