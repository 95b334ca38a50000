//go:build heed_wrong_ack

package line

const ackEarly = true
