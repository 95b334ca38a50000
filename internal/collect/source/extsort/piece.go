package extsort

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// piece is a file of sorted records, sealed under a key that lies in memory only.
type piece struct {
	file  *os.File
	block cipher.Block
	out   *bufio.Writer
	in    *bufio.Reader
}

const buffer = 64 << 10

// newPiece makes a file and takes its name away at once, so that a program that
// is killed leaves none.
func newPiece(folder string) (*piece, error) {
	f, err := os.CreateTemp(folder, "sort-*")
	if err != nil {
		return nil, fmt.Errorf("sort rows: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("sort rows: %w", errors.Join(err, f.Close()))
	}
	var key [32]byte
	_, _ = rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("sort rows: %w", errors.Join(err, f.Close()))
	}
	p := &piece{file: f, block: block}
	p.out = bufio.NewWriterSize(cipher.StreamWriter{S: p.stream(), W: f}, buffer)
	return p, nil
}

// stream starts the key stream anew.
func (p *piece) stream() cipher.Stream {
	return cipher.NewCTR(p.block, make([]byte, aes.BlockSize)) //nolint:gosec // each key seals one file, which is written once
}

func (p *piece) write(r Record) error {
	var sizes [2 * binary.MaxVarintLen64]byte
	n := binary.PutUvarint(sizes[:], uint64(len(r.Key)))
	n += binary.PutUvarint(sizes[n:], uint64(len(r.Value)))
	for _, b := range [][]byte{sizes[:n], r.Key, r.Value} {
		if _, err := p.out.Write(b); err != nil {
			return fmt.Errorf("write sorted rows: %w", err)
		}
	}
	return nil
}

// rewind ends writing and begins reading.
func (p *piece) rewind() error {
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write sorted rows: %w", err)
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read sorted rows: %w", err)
	}
	p.out = nil
	p.in = bufio.NewReaderSize(cipher.StreamReader{S: p.stream(), R: p.file}, buffer)
	return nil
}

// read gives the next record in the given buffers, and io.EOF after the last.
func (p *piece) read(key, value []byte) ([]byte, []byte, error) {
	k, err := binary.ReadUvarint(p.in)
	if err != nil {
		return key, value, err
	}
	v, err := binary.ReadUvarint(p.in)
	if err != nil {
		return key, value, unexpected(err)
	}
	if key, err = p.fill(key, k); err == nil {
		value, err = p.fill(value, v)
	}
	return key, value, unexpected(err)
}

func (p *piece) fill(b []byte, n uint64) ([]byte, error) {
	if uint64(cap(b)) < n {
		b = make([]byte, n)
	}
	b = b[:n]
	_, err := io.ReadFull(p.in, b)
	return b, err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (p *piece) close() error { return p.file.Close() }
