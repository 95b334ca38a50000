package webhook

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"github.com/heed-platform/heed/internal/problem"
)

var errAddress = problem.New(problem.Forbidden, "webhook-address-refused", "The webhook's address lies inside a network that is not public, so nothing was sent; use a public address, or ask the operator to allow this one.")

// Networks within the public parts of IPv4 and IPv6 that lead to no public
// host, or back into a network that is not public. From IANA's special-purpose
// registries.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers' own
	netip.MustParsePrefix("127.0.0.0/8"),     // this machine
	netip.MustParsePrefix("169.254.0.0/16"),  // this link, and clouds' metadata
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.31.196.0/24"), // AS112
	netip.MustParsePrefix("192.52.193.0/24"), // AMT
	netip.MustParsePrefix("192.88.99.0/24"),  // relays of 6to4
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("192.175.48.0/24"), // AS112
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),       // protocols, Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4: an IPv4 address inside
	netip.MustParsePrefix("2620:4f:8000::/48"),
	netip.MustParsePrefix("3fff::/20"), // documentation
}

// Guard says which addresses may be reached. The zero Guard allows the public
// ones over TLS and nothing else.
type Guard struct {
	// Allow lists networks that may be reached though they are not public, also
	// without TLS: an operator's own receivers, and loopback in tests.
	Allow []netip.Prefix
}

// allowed reports whether the operator named this address.
func (g Guard) allowed(ip netip.Addr) bool {
	ip = ip.Unmap()
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// public reports whether the address can be a public host. An IPv4 address
// inside an IPv6 one counts as what it is to the network that would unwrap it.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	// Of IPv6 only 2000::/3 is public: loopback, link-local, private, mapped and
	// NAT64 addresses (64:ff9b::) lie outside.
	if ip.Is6() && ip.As16()[0]>>5 != 1 {
		return false
	}
	return !slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// control is a net.Dialer's Control: it sees the address that is about to be
// connected, after every name was resolved, and right before it is used.
func (g Guard) control(secure bool) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return errAddress.Because(fmt.Errorf("dial %s: %w", network, err))
		}
		if g.allowed(to.Addr()) || secure && public(to.Addr()) {
			return nil
		}
		return errAddress
	}
}
