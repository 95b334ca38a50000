// Package config is what an operator may set, in one struct.
//
// A setting has one name in three spellings: public_url in heed.yaml,
// HEED_PUBLIC_URL in the environment, --public-url on the command line. The
// later one wins: file, environment, flag. A setting that may hold a password
// can also be read from a file (public_url has no such spelling, smtp_url has:
// smtp_url_file, HEED_SMTP_URL_FILE). Secrets are never flags, because every
// user of a machine can read the command lines of the others.
//
// Load and Check report every fault at once, each with the place where it
// was written and never with the value. Print shows each value and its source;
// secrets and the passwords inside URLs show as [withheld].
//
// It opens nothing but the files it is told to read, and it knows nothing of
// what the settings do: whoever builds a part hands it its share of the struct.
// Start reading at Config, then keys.
package config
