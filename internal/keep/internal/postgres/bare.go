package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Aside makes an empty database beside the one that an address names, for
// measuring, and drops it again, so that nothing is left in the other. The role
// must be allowed to create databases.
func Aside(ctx context.Context, address string) (beside string, drop func() error, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, errors.New("the address of the database is not a URL") // its text holds a password
	}
	name := "heed_aside_" + strings.ToLower(rand.Text())
	if err := once(ctx, address, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("make a database to measure in: %w", err)
	}
	u.Path = "/" + name
	return u.String(), func() error {
		return once(context.WithoutCancel(ctx), address, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

func once(ctx context.Context, address, statement string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Bare inserts rows by unnest into a table of its own, group rows a statement,
// until more says stop, and drops the table. It returns how many. This is the
// least that any store on this engine does; heed bench measures against it.
func Bare(ctx context.Context, url string, row []byte, group int, more func() bool) (n int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("bare loop: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := prove(ctx, conn); err != nil {
		return 0, err
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS heed_bare (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)"); err != nil {
		return 0, fmt.Errorf("bare loop: %w", err)
	}
	defer func() {
		_, derr := conn.Exec(context.WithoutCancel(ctx), "DROP TABLE heed_bare")
		err = errors.Join(err, derr)
	}()
	rows := make([][]byte, group)
	for i := range rows {
		rows[i] = row
	}
	for more() && ctx.Err() == nil {
		if _, err := conn.Exec(ctx, "INSERT INTO heed_bare (body) SELECT unnest($1::bytea[])", rows); err != nil {
			return n, fmt.Errorf("bare loop: %w", err)
		}
		n += group
	}
	return n, nil
}
