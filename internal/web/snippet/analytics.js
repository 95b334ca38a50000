/* heed: nothing is kept or sent before a yes */
(function (w, d, n) {
  var me = d.currentScript, set = me.dataset, key = set.key
  var host = set.host || new URL(me.src).origin
  var mode = set.consent || 'buffer', store = set.storage || 'local'
  var waiting = [], queue = [], sending = 0, tries = 0, timer = 0
  var id = {} // a: browser, u: user, c: consent
  var heard = { event: 'Segment Consent Preference Updated', properties: {} }
  if (!key || !/^(buffer|drop|given)$/.test(mode) || !/^(local|none)$/.test(store)) {
    mode = 'drop'
    id.off = 1
    console.error('heed: data-key, data-consent or data-storage is wrong')
  }

  function now() { return new Date().toISOString() }
  function random() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) { return (b + 256).toString(16).slice(1) }).join('')
  }
  function load() {
    try { return JSON.parse(localStorage.heed) } catch (e) { return {} }
  }
  function save() {
    if (store === 'local' && !id.off) try { localStorage.heed = JSON.stringify(id) } catch (e) {}
  }
  function yes() {
    if (id.off) return false
    if (!id.c) return mode === 'given'
    return Object.values(id.c).indexOf(true) >= 0
  }
  function start() {
    if (id.a) return
    id.a = random()
    save()
  }

  function context() {
    var l = w.location, c = {
      library: { name: 'heed-js', version: '1' }, locale: n.language,
      page: { path: l.pathname, url: l.origin + l.pathname, referrer: d.referrer.split('?')[0] }
    }
    if (n.globalPrivacyControl === true) c.gpc = true
    return c
  }
  function event(type, more, ctx) {
    return Object.assign({ type: type, messageId: random(), timestamp: now(), context: Object.assign(context(), ctx) }, more)
  }
  function note(type, more, ctx) {
    var e = event(type, more, ctx)
    if (yes()) {
      start()
      queue.push(named(e))
      later(200)
    } else if (mode === 'buffer' && !id.c && waiting.length < 100) waiting.push(e)
  }
  function named(e) {
    e.anonymousId = id.a
    if (!e.userId) e.userId = id.u
    if (e.type === 'alias' && !e.previousId) e.previousId = id.a
    if (id.c) e.context.consent = { categoryPreferences: id.c }
    return e
  }
  function body(list) {
    return JSON.stringify({ batch: list, writeKey: key, sentAt: now() })
  }
  function later(ms) {
    if (!timer && !sending) timer = setTimeout(flush, ms)
  }
  function flush() {
    timer = 0
    var list = queue.splice(0, 20)
    if (!list.length) return
    sending = 1
    var text = body(list)
    fetch(host + '/v1/batch', { method: 'POST', body: text, keepalive: text.length < 6e4, credentials: 'omit' }).then(function (r) {
      return r.status < 500 && r.status !== 429
    }, function () { return false }).then(function (done) {
      sending = 0
      tries = done ? 0 : tries + 1
      if (!done) queue = list.concat(queue).slice(-500)
      if (queue.length) later(done ? 0 : Math.min(60, Math.pow(2, tries)) * 1000)
    })
  }
  w.addEventListener('pagehide', function () {
    while (queue.length && n.sendBeacon && n.sendBeacon(host + '/v1/batch', body(queue.slice(0, 20)))) queue.splice(0, 20)
  })

  function be(user) {
    id.u = user
    if (yes()) { start(); save() }
  }
  var api = {
    identify: function (user, traits, context) {
      if (user && typeof user === 'object') return api.identify(id.u, user, traits)
      be(user)
      note('identify', { userId: user, traits: traits }, context)
    },
    track: function (name, properties) { note('track', { event: name, properties: properties }) },
    page: function (name, properties) { note('page', { name: name, properties: properties }) },
    group: function (group, traits) { note('group', { groupId: group, traits: traits }) },
    alias: function (user) {
      note('alias', { userId: user, previousId: id.u })
      be(user)
    },
    reset: function () {
      id = { c: id.c, off: id.off }
      save()
    },
    consent: function (said) {
      var list = waiting
      waiting = []
      id.c = said || {}
      if (yes()) {
        start()
        save()
        list.forEach(function (e) { queue.push(named(e)) })
        note('track', heard)
        return
      }
      if (id.a) { // taken back: said once, then forgotten
        queue.push(named(event('track', heard)))
        later(0)
      }
      api.reset()
    },
    push: function (call) { api[call[0]].apply(api, call.slice(1)) }
  }
  if (store === 'local' && !id.off) id = load()
  var early = w.heed || []
  early.forEach(api.push)
  w.heed = api
})(window, document, navigator)
