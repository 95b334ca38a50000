package sms

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words that ask to stop, as fold writes them, in English, German, French and
// Spanish. The first kind means nothing else, so a short sentence with one at
// its start or end is enough; the second is ordinary talk ("cancel my order"),
// so it must stand alone.
var (
	stops = []string{
		"stop", "stopall", "stopp", "unsubscribe", "optout", "revoke",
		"abmelden", "abmeldung", "abbestellen", "austragen", "abbestellung",
		"desabonner", "desabonnement", "desinscrire", "desinscription", "stopsms",
		"baja", "desuscribir", "desuscribirme", "desuscribirse",
	}
	ends = []string{
		"end", "quit", "cancel", "remove", "leave", "nomore", "nomas", "keinemehr", "nichtmehr",
		"beenden", "ende", "kundigen", "kuendigen", "halt", "aufhoren", "aufhoeren", "abbrechen", "widerruf", "widerrufen",
		"arret", "arreter", "arretez", "annuler", "resilier", "fin", "supprimer",
		"parar", "para", "pare", "cancelar", "alto", "detener", "anular", "fin", "borrar", "terminar",
	}
	helps = []string{"help", "info", "hilfe", "aide", "ayuda", "informacion"} //nolint:misspell // Spanish
	// Said around the others without changing what they ask.
	kind = []string{"please", "pls", "bitte", "svp", "merci", "gracias", "danke", "thanks", "all", "alle", "tout", "todo", "now", "sms", "por", "favor"}
)

// mostWords is how long a sentence may be in which STOP is still the point.
const mostWords = 6

// Listen says what a text asks for, whatever its case, accents and punctuation.
func Listen(text string) What {
	words := fold(text)
	bare := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(kind, w) })
	if len(bare) == 0 || len(words) > 40 {
		return Nothing
	}
	whole := strings.Join(bare, "")
	first, last := bare[0], bare[len(bare)-1]
	switch {
	case slices.Contains(stops, whole), slices.Contains(ends, whole):
		return Withdraw
	case len(words) <= mostWords && negated(words):
		return Nothing
	case len(words) <= mostWords && (slices.Contains(stops, first) || slices.Contains(stops, last)):
		return Withdraw
	case len(bare) == 1 && slices.Contains(helps, first):
		return Help
	}
	return Nothing
}

// negated finds "don't stop".
func negated(words []string) bool {
	for _, no := range []string{"dont", "not", "nicht", "pas", "no", "never", "nie"} {
		if slices.Contains(words, no) {
			return true
		}
	}
	return false
}

// fold takes a text apart into words of small letters without accents. What
// joins a word, as in opt-out and don't, goes; everything else parts words.
func fold(text string) []string {
	if len(text) > 4000 {
		return nil
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r), r == '-', r == '\'', r == '’', r == '\u00AD', r == '\u200B', r == '\u200D', r == '\uFE0F':
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}
