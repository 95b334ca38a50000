package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/migrate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Dump hands out every row on one snapshot.
func (d *Data) Dump(ctx context.Context, begin func(store.Shape) error, row func(store.Row) error) error {
	return wrap("copy data store", d.db.dump(ctx, "heed", "data", begin, row))
}

// Dump hands out every row on one snapshot.
func (i *Identity) Dump(ctx context.Context, begin func(store.Shape) error, row func(store.Row) error) error {
	return wrap("copy identity store", i.db.dump(ctx, "heed_keys", "identity", begin, row))
}

// sequences are where numbers are given, by schema.
func sequences(schema string) []string {
	if schema == "heed_keys" {
		return []string{"fragment_number"}
	}
	return []string{"spine_seq_seq", "job_id_seq", "quarantine_id_seq"}
}

func (d *db) dump(ctx context.Context, schema, kind string, begin func(store.Shape) error, row func(store.Row) error) error {
	return d.read(ctx, func(tx pgx.Tx) error {
		// Here tables are read from end to end.
		if _, err := tx.Exec(ctx, "SET LOCAL enable_seqscan = on"); err != nil {
			return err
		}
		shape := store.Shape{Engine: "postgres", Store: kind}
		done, err := collect(ctx, tx, "SELECT number, name, sum FROM "+schema+".schema_step ORDER BY number", pgx.RowToStructByPos[store.Step])
		if err != nil {
			return err
		}
		shape.Steps = done
		err = tx.QueryRow(ctx, `SELECT coalesce(sum(pg_table_size(c.oid)), 0)::bigint FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, schema).Scan(&shape.Bytes)
		if err == nil {
			err = begin(shape)
		}
		for _, sheet := range store.Sheets("postgres", kind) {
			if err == nil {
				err = dumpSheet(ctx, tx, schema, sheet, row)
			}
		}
		return err
	})
}

func dumpSheet(ctx context.Context, tx pgx.Tx, schema string, sheet *store.Sheet, row func(store.Row) error) error {
	sql := "SELECT " + strings.Join(sheet.Columns, ", ") + " FROM " + schema + "." + sheet.Table
	switch {
	case sheet.Table == store.Sequences:
		var of []string
		for _, s := range sequences(schema) {
			of = append(of, "SELECT '"+s+"', CASE WHEN is_called THEN last_value ELSE 0 END FROM "+schema+"."+s)
		}
		sql = strings.Join(of, " UNION ALL ")
	case schema == "heed" && sheet.Table == "state":
		sql += " WHERE version IS NOT NULL" // the others are there to be locked
	}
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		for n, v := range values {
			switch v := v.(type) {
			case int16:
				values[n] = int64(v)
			case int32:
				values[n] = int64(v)
			}
		}
		if err := row(store.Row{Sheet: sheet, Values: values}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Owners lists fragments of which anything is kept. No fact is without a state.
func (r *reader) Owners(ctx context.Context, after fact.FragmentID, limit int) ([]fact.FragmentID, error) {
	var of []string
	for _, table := range []string{"state", "seen_page", "job", "timer", "ticket", "request"} {
		of = append(of, "(SELECT DISTINCT fragment FROM heed."+table+" WHERE fragment > $1 ORDER BY fragment LIMIT $2)")
	}
	return rows(ctx, r, "list owners", strings.Join(of, " UNION ")+" ORDER BY fragment LIMIT $2", pgx.RowTo[fact.FragmentID], after, limit)
}

// Load makes a store ("identity" or "data") in the database at url of the rows of
// a copy, which was made when the store had so many steps behind it; then it takes
// the other steps. All of it is one transaction. It fails with ErrUsed when there
// is a store with anything in it.
func Load(ctx context.Context, url, kind string, steps int, rows iter.Seq2[store.Row, error]) error {
	schema := map[string]string{"data": "heed", "identity": "heed_keys"}[kind]
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errAddress.Because(err)
	}
	config.RuntimeParams["application_name"] = "heed"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return wrap("load store", classify(ctx, err, true))
	}
	err = prove(ctx, conn)
	if err == nil {
		err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return load(ctx, tx, schema, kind, steps, rows) })
	}
	err = classify(ctx, err, conn.IsClosed())
	return wrap("load store", errors.Join(err, conn.Close(context.WithoutCancel(ctx))))
}

func load(ctx context.Context, tx pgx.Tx, schema, kind string, done int, rows iter.Seq2[store.Row, error]) error {
	steps, err := migrate.Steps("postgres", kind)
	if err != nil {
		return err
	}
	t := target{tx, schema}
	applied, err := t.Applied(ctx)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		if err := empty(ctx, tx, schema, kind); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			return err
		}
	}
	if err := migrate.Run(ctx, steps[:done], t); err != nil {
		return err
	}
	if err := pour(ctx, tx, schema, rows); err != nil {
		return err
	}
	return migrate.Run(ctx, steps, t)
}

// empty fails with ErrUsed when there is a row in any table.
func empty(ctx context.Context, tx pgx.Tx, schema, kind string) error {
	for _, sheet := range store.Sheets("postgres", kind) {
		if sheet.Table == store.Sequences {
			continue
		}
		var used bool
		err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", schema+"."+sheet.Table).Scan(&used)
		if err == nil && used {
			err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+schema+"."+sheet.Table+")").Scan(&used)
		}
		if err != nil {
			return err
		}
		if used {
			return store.ErrUsed
		}
	}
	return nil
}

// pour copies rows, one COPY for each run of rows of the same sheet.
func pour(ctx context.Context, tx pgx.Tx, schema string, rows iter.Seq2[store.Row, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	from := &source{next: next}
	from.pull()
	begun := map[string]bool{}
	for !from.over {
		sheet := from.row.Sheet
		if sheet.Table == store.Sequences {
			last, _ := from.row.Values[1].(int64) // what is no number moves nothing
			name, _ := from.row.Values[0].(string)
			if _, err := tx.Exec(ctx, "SELECT setval($1::regclass, greatest($2::bigint, 1), $2::bigint > 0)", schema+"."+name, last); err != nil {
				return err
			}
			from.pull()
			continue
		}
		if !begun[sheet.Table] { // what the steps themselves put there
			begun[sheet.Table] = true
			if _, err := tx.Exec(ctx, "DELETE FROM "+schema+"."+sheet.Table); err != nil {
				return err
			}
		}
		from.sheet, from.first = sheet, true
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{schema, sheet.Table}, sheet.Columns, from); err != nil {
			return fmt.Errorf("table %s: %w", sheet.Table, err)
		}
	}
	return from.err
}

// source lends the rows of one sheet to a COPY.
type source struct {
	next  func() (store.Row, error, bool)
	sheet *store.Sheet
	row   store.Row // the one in hand
	first bool      // the one in hand was not handed out
	over  bool
	err   error
}

func (s *source) pull() {
	row, err, more := s.next()
	s.row, s.err, s.over = row, err, !more || err != nil
}

// Next implements pgx.CopyFromSource.
func (s *source) Next() bool {
	if !s.first {
		s.pull()
	}
	s.first = false
	return !s.over && s.row.Sheet.Table == s.sheet.Table
}

// Values implements pgx.CopyFromSource.
func (s *source) Values() ([]any, error) { return s.row.Values, nil }

// Err implements pgx.CopyFromSource.
func (s *source) Err() error { return s.err }
