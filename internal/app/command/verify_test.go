package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d desk) {
		d.hears("server", household)
		first := d.run("verify")
		if !strings.Contains(first, "head node-") || !strings.Contains(first, "nothing was changed, moved or cut") {
			t.Fatal(first)
		}
		kept := filepath.Join(d.dir, "heads.txt")
		if err := os.WriteFile(kept, []byte(first), 0o600); err != nil {
			t.Fatal(err)
		}
		d.run("person", "show", "user_id:ada")
		if again := d.run("verify", "--heads", kept, "--json"); !strings.Contains(again, `"damage":[]`) {
			t.Error(again)
		}
		// Somebody cut the chain: what was kept shows a longer one.
		i := strings.Index(first, "head node-")
		words := strings.Fields(first[i:])
		if err := os.WriteFile(kept, []byte("head "+words[1]+" 99999 "+words[3]), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, _, code := d.try("verify", "--heads", kept); code != 1 || !strings.Contains(out, "DAMAGE audit node-") {
			t.Errorf("exit %d: %s", code, out)
		}
		for _, file := range []string{filepath.Join(d.dir, "nothing"), os.DevNull} {
			if _, errs, code := d.try("verify", "--heads", file); code != 2 || !strings.Contains(errs, "file with heads") {
				t.Errorf("%s: exit %d %s", file, code, errs)
			}
		}
	})
}
