package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters that heed publishes. Labels are names of sources,
// routes and outcomes, never anything of a person.
type Metrics struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	unknown  prometheus.Counter
	batch    prometheus.Histogram
	requests *prometheus.HistogramVec
}

// NewMetrics makes the counters, all at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heed_ingest_events_total", Help: "Events that arrived, by source and what became of them.",
		}, []string{"source", "result"}),
		unknown: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heed_ingest_unknown_key_total", Help: "Requests refused because nobody knows their write key.",
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "heed_ingest_commit_seconds", Help: "From a request's last byte to its commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "heed_http_request_seconds", Help: "Requests, by route and status.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
		}, []string{"route", "status"}),
	}
	m.registry.MustRegister(m.events, m.unknown, m.batch, m.requests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge publishes a number that is read when somebody looks, such as how deep a
// queue is.
func (m *Metrics) Gauge(name, help string, labels map[string]string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// Events counts what became of a source's events.
func (m *Metrics) Events(source, result string, n int) {
	if n > 0 {
		m.events.WithLabelValues(source, result).Add(float64(n))
	}
}

// UnknownKey counts a request with a write key that nobody knows.
func (m *Metrics) UnknownKey() { m.unknown.Inc() }

// Committed notes how long a batch took from its last byte to its commit.
func (m *Metrics) Committed(d time.Duration) { m.batch.Observe(d.Seconds()) }

func (m *Metrics) answered(route string, status int, d time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(d.Seconds())
}

// Handler is the page that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
