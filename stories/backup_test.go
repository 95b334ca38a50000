package stories_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// The machine burns down. There are a backup of the database, a copy of the
// identity store and the key file, each from another place: everybody is back but
// the one who was erased before the copy was made, and nothing leaves until
// somebody says so.
func TestBackup_afterTheFire(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": pgtest.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, programs.heed, database(t))
			for _, user := range []string{"ada", "bea"} {
				h.hears(event{"type": "identify", "userId": user, "traits": event{"email": user + "@mail.example"}})
			}
			data, keys := filepath.Join(h.dir, "data-backups"), filepath.Join(h.dir, "key-copies")
			says(t, "a backup", h.run("backup", data+"/"), "read back and found whole")
			h.run("person", "erase", "user_id:ada", "--yes")
			says(t, "a copy of the keys", h.run("backup", "--key-store", keys), "read back and found whole", "heed.kek")
			if _, errs, code := h.try("backup", keys); code == 0 {
				t.Errorf("both lie in one folder: %s", errs)
			}
			file := func(folder string) string {
				t.Helper()
				files, err := filepath.Glob(filepath.Join(folder, "*.tar"))
				if err != nil || len(files) != 1 {
					t.Fatalf("%s holds %v, %v", folder, files, err)
				}
				return files[0]
			}
			says(t, "a check", h.run("restore", "--check", file(data)), "whole and ours")
			if _, errs, code := h.try("restore", file(data)); code == 0 || !strings.Contains(errs, "stop it first") {
				t.Errorf("restored beside a server: exit %d, %s", code, errs)
			}
			kek, err := os.ReadFile(filepath.Join(h.dir, "data", "heed.kek"))
			if err != nil {
				t.Fatal(err)
			}
			h.stop()

			anew := &heed{t: t, program: h.program, dir: t.TempDir()}
			anew.env = append(append(anew.env, h.env...), "HEED_DATA="+filepath.Join(anew.dir, "data"))
			if name == "postgres" {
				anew.env = append(anew.env, "HEED_DATABASE="+database(t))
			}
			if err := os.MkdirAll(filepath.Join(anew.dir, "data"), 0o700); err != nil {
				t.Fatal(err)
			}
			if _, errs, code := anew.try("restore", file(keys)); code == 0 || !strings.Contains(errs, "key file is not here") {
				t.Errorf("restored without a key file: exit %d, %s", code, errs)
			}
			if err := os.WriteFile(filepath.Join(anew.dir, "data", "heed.kek"), kek, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, errs, code := anew.try("restore", file(data)); code == 0 || !strings.Contains(errs, "restore a copy of it first") {
				t.Errorf("restored the data first: exit %d, %s", code, errs)
			}
			says(t, "the keys", anew.run("restore", file(keys)), "now restore the backup of the database")
			says(t, "the data", anew.run("restore", file(data)), "taken out that have no key", "sending is switched off")
			anew.serve()
			t.Cleanup(anew.stop)
			if p := anew.person("user_id:bea"); len(p.Identifiers) < 2 {
				t.Errorf("bea is back with %+v", p)
			}
			if out, _, code := anew.try("person", "show", "user_id:ada"); code == 0 {
				t.Errorf("ada is back: %s", out)
			}
			says(t, "verify", anew.run("verify"), "nothing was changed")
			says(t, "the switch", anew.run("sending", "status"), "off since")
			if out, _, code := anew.try("doctor"); code == 0 || !strings.Contains(out, "heed sending on") {
				t.Errorf("the doctor: exit %d, %s", code, out)
			}
			says(t, "the switch", anew.run("sending", "on", "--queued=drop"), "messages may leave")
			says(t, "the switch", anew.run("sending", "status"), "on")
			anew.hears(event{"type": "identify", "userId": "cleo", "traits": event{"email": "cleo@mail.example"}})
		})
	}
}
