package ingest

import (
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/line"
)

// appendWithheld tells of which events something was taken out before anything
// was kept: the person does not let that device tell it. An app that reads this
// can stop asking the phone for it.
func appendWithheld(out []byte, index []int, answers []line.Answer) []byte {
	first := true
	for i, a := range answers {
		if a.Withheld == "" {
			continue
		}
		if first {
			out = append(out, `,"withheld":[`...)
		} else {
			out = append(out, ',')
		}
		first = false
		out = append(out, `{"index":`...)
		out = strconv.AppendInt(out, int64(index[i]), 10)
		out = append(out, `,"kinds":["`...)
		out = append(out, strings.ReplaceAll(a.Withheld, ",", `","`)...)
		out = append(out, `"]}`...)
	}
	if !first {
		out = append(out, ']')
	}
	return out
}
