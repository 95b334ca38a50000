package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/problem"
)

// File is the settings file that is read when none is named and it exists.
const File = "heed.yaml"

// Flags are the settings that make sense on a command line; an empty one was
// not given. The tags are kong's.
type Flags struct {
	Config    string `placeholder:"FILE" help:"Settings file, YAML (HEED_CONFIG; heed.yaml when it exists)."`
	Listen    string `placeholder:"HOST:PORT" help:"Public port (HEED_LISTEN)."`
	Admin     string `placeholder:"HOST:PORT" help:"Metrics and profiling, or off (HEED_ADMIN)."`
	PublicURL string `name:"public-url" placeholder:"URL" help:"How the world reaches the public port (HEED_PUBLIC_URL)."`
	Data      string `placeholder:"DIR" help:"Folder for what heed writes itself (HEED_DATA)."`
	Database  string `placeholder:"URL" help:"sqlite:PATH or postgres://… (HEED_DATABASE)."`
	Keys      string `placeholder:"URL" help:"Identity store, in the same forms (HEED_KEYS)."`
	LogLevel  string `placeholder:"LEVEL" help:"debug, info, warn or error (HEED_LOG_LEVEL)."`
	LogFormat string `placeholder:"FORMAT" help:"text or json (HEED_LOG_FORMAT)."`
}

// byKey is what the flags say, under the names of the settings.
func (f Flags) byKey() map[string]string {
	return map[string]string{
		"listen": f.Listen, "admin": f.Admin, "public_url": f.PublicURL, "data": f.Data,
		"database": f.Database, "keys": f.Keys, "log_level": f.LogLevel, "log_format": f.LogFormat,
	}
}

var errUnreadable = problem.New(problem.Invalid, "config-unreadable",
	"A settings file cannot be read; name one that exists, is YAML and may be read by this user.")

// Load reads the settings file, then the environment, then the flags; each
// overrules the one before. An empty variable or flag counts as not given. It
// fails with config-unreadable or with config-invalid, which lists every fault.
//
// env is os.LookupEnv, or a stand-in.
func Load(flags Flags, env func(string) (string, bool)) (Config, error) {
	l := loader{c: base(), env: env}
	if err := l.readFile(flags.Config); err != nil {
		return Config{}, err
	}
	l.readEnv()
	given := flags.byKey()
	for _, k := range keys {
		l.take(k, given[k.name], k.flag())
	}
	l.c = settle(l.c)
	if faults := append(l.faults, l.c.faults(l.failed)...); len(faults) > 0 {
		return Config{}, invalid(faults)
	}
	return l.c, nil
}

// loader gathers settings and faults, layer by layer.
type loader struct {
	c      Config
	env    func(string) (string, bool)
	faults []problem.Field
	failed map[string]bool // keys whose value was refused: nothing more to say of them
}

func (l *loader) fault(k key, place, reason string) {
	l.faults = append(l.faults, problem.Field{Pointer: place, Reason: reason})
	if l.failed == nil {
		l.failed = map[string]bool{}
	}
	l.failed[k.name] = true
}

// take sets one key from one place, if that place says anything.
func (l *loader) take(k key, value, place string) {
	if value == "" {
		return
	}
	if err := k.set(&l.c, value); err != nil {
		l.fault(k, place, err.Error())
		return
	}
	l.c.source[k.name] = place
}

// takeFile sets one key to what a file holds, without the line's end.
func (l *loader) takeFile(k key, path, place string) {
	b, err := os.ReadFile(path)
	if err != nil {
		l.fault(k, place, "names a file that cannot be read: "+plain(err))
		return
	}
	value := strings.TrimRight(string(b), "\r\n")
	if value == "" {
		l.fault(k, place, "names a file that is empty")
		return
	}
	l.take(k, value, place)
}

// plain is the reason of a file error without the path.
func plain(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

func (l *loader) readEnv() {
	for _, k := range keys {
		value, _ := l.env(k.env())
		if k.secret {
			fileVar := k.env() + "_FILE"
			if path, _ := l.env(fileVar); path != "" {
				if value != "" {
					l.fault(k, k.env(), "is set together with "+fileVar+"; keep one of them")
					continue
				}
				l.takeFile(k, path, fileVar)
				continue
			}
		}
		l.take(k, value, k.env())
	}
}

// readFile reads the settings file: the named one, or heed.yaml if it exists.
func (l *loader) readFile(path string) error {
	if path == "" {
		path, _ = l.env("HEED_CONFIG")
	}
	named := path != ""
	if !named {
		path = File
	}
	text, err := os.ReadFile(path)
	if !named && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errUnreadable.At(path, plain(err)).Because(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil // an empty file sets nothing
	case err != nil:
		return errUnreadable.At(path, err.Error()).Because(err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return errUnreadable.At(path, "holds more than one YAML document")
	}
	l.readNode(path, doc.Content[0])
	return nil
}

// readNode takes a flat mapping, strictly: a key that nobody knows, stands
// twice, or has no plain value is a fault.
func (l *loader) readNode(path string, root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		l.faults = append(l.faults, problem.Field{Pointer: fmt.Sprintf("%s:%d", path, root.Line), Reason: "must be a list of settings, as in listen: 127.0.0.1:8480"})
		return
	}
	seen := map[string]string{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		place := fmt.Sprintf("%s:%d", path, name.Line)
		k, fromFile, ok := find(name.Value)
		switch {
		case !ok:
			l.faults = append(l.faults, problem.Field{Pointer: place, Reason: "is not a setting; docs/operate/README.md lists them"})
		case seen[k.name] != "":
			l.fault(k, place, "sets "+k.name+" again, after "+seen[k.name])
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			l.fault(k, place, k.name+" must have one plain value")
		case fromFile:
			l.takeFile(k, value.Value, place)
		default:
			l.take(k, value.Value, place)
		}
		if ok && seen[k.name] == "" {
			seen[k.name] = place
		}
	}
}

// find is the setting that name spells, and whether it names a file.
func find(name string) (k key, fromFile, ok bool) {
	for _, k := range keys {
		if k.name == name {
			return k, false, true
		}
		if k.secret && k.name+"_file" == name {
			return k, true, true
		}
	}
	return key{}, false, false
}
