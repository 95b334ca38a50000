package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

func TestURL_fresh(t *testing.T) {
	t.Parallel()
	first, second := pgtest.URL(t), pgtest.URL(t)
	if first == second {
		t.Fatal("two tests would share a database")
	}
	for _, url := range []string{first, second} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
			t.Error(err)
		}
		for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
			var got string
			if err := conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&got); err != nil || got != "on" {
				t.Errorf("%s is %q, %v", setting, got, err)
			}
		}
	}
}
