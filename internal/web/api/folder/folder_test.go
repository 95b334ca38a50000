package folder_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/heed-platform/heed/internal/web/api/folder"
)

func TestFolder_isAFileSystem(t *testing.T) {
	t.Parallel()
	f := folder.Folder{}
	for _, name := range []string{"brand.yaml", "campaigns/a.yaml", "campaigns/deep/b.yml"} {
		if !f.Add(name, []byte("key: a\n")) {
			t.Fatalf("%s was refused", name)
		}
	}
	for _, name := range []string{"", ".", "/a.yaml", "../a.yaml", "a/../b.yaml", "a.txt", "brand.yaml", "brand.yaml/c.yaml"} {
		if f.Add(name, nil) {
			t.Errorf("%q was taken", name)
		}
	}
	if err := fstest.TestFS(f, "brand.yaml", "campaigns/a.yaml", "campaigns/deep/b.yml"); err != nil {
		t.Error(err)
	}
}

// FuzzSplit cuts any stream: what it takes are files that can be read back.
func FuzzSplit(f *testing.F) {
	f.Add("---\n# Source: a.yaml\nkey: a\n---\n# Source: b/c.yml\nkey: b\n")
	f.Add("# Source:../x.yaml\n")
	f.Add("key: nobody knows where\n")
	f.Fuzz(func(t *testing.T, stream string) {
		files, ok := folder.Split(stream)
		if !ok {
			return
		}
		for name, body := range files {
			got, err := fs.ReadFile(files, name)
			if err != nil || string(got) != string(body) {
				t.Fatalf("%q: %v", name, err)
			}
		}
	})
}
