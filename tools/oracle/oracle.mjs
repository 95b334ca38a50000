// The IAB's own libraries as a witness.
//
//   node oracle.mjs make SEED COUNT   writes COUNT random strings, each with what the libraries read in it
//   node oracle.mjs read              reads lines "gpp TEXT" and "tcf TEXT", writes what the libraries read
//
// One JSON object a line: {"kind", "text", "fields"} or {"kind", "text", "error"}.

import { createInterface } from "node:readline";
import { GppModel, RangeEntry } from "@iabgpp/cmpapi";
import { GVL, PurposeRestriction, TCModel, TCString } from "@iabtechlabtcf/core";

const sections = {
  2: "tcfeuv2", 5: "tcfcav1", 6: "uspv1", 7: "usnat", 8: "usca", 9: "usva", 10: "usco", 11: "usut", 12: "usct",
  13: "usfl", 14: "usmt", 15: "usor", 16: "ustx", 17: "usde", 18: "usia", 19: "usne", 20: "usnh", 21: "usnj",
  22: "ustn", 23: "usmn", 24: "usmd", 25: "usin", 26: "usky", 27: "usri",
};

// A small generator with a seed, so that a failure can be run again.
let state = 1;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const upTo = (n) => Math.floor(random() * (n + 1));
const yes = (p = 0.5) => random() < p;
const letters = () => String.fromCharCode(65 + upTo(25), 65 + upTo(25));
const flags = (n) => Array.from({ length: n }, () => yes());
const date = () => new Date(upTo(2 ** 32) * 100 * 2);

// Vendors of every density: none, a few far apart, long runs, nearly all.
function vendors() {
  const max = [0, 1, 40, 400, 1500, 9000][upTo(5)];
  const list = new Set();
  let id = 1 + upTo(5);
  const gap = [1, 3, 40, 700][upTo(3)];
  const run = [1, 2, 60][upTo(2)];
  while (id <= max && list.size < 500) {
    for (let i = 0; i < run && id <= max; i++) list.add(id++);
    id += 1 + upTo(gap);
  }
  return [...list];
}

const restrictionType = () => upTo(2);

function makeGpp() {
  const model = new GppModel();
  const ids = Object.keys(sections).filter(() => yes(0.12));
  if (ids.length === 0) ids.push(Object.keys(sections)[upTo(23)]);
  for (const id of ids) fill(model, sections[id]);
  return model.encode();
}

function fill(model, name) {
  if (name === "tcfeuv2" || name === "tcfcav1") return fillTcf(model, name);
  const set = (field, value) => model.setFieldValue(name, field, value);
  if (name === "uspv1") {
    for (const f of ["Notice", "OptOutSale", "LspaCovered"]) set(f, "YN-"[upTo(2)]);
    return;
  }
  set("SaleOptOut", upTo(2));
  if (name === "usnat" && yes()) set("Version", 1);
  for (const [field, value] of Object.entries(model.getSection(name))) {
    if (/Version$|SegmentType$/.test(field)) continue;
    if (field === "MspaCoveredTransaction") set(field, 1 + upTo(1));
    else if (field === "Gpc") set(field, yes());
    else if (Array.isArray(value)) set(field, value.map(() => upTo(2)));
    else set(field, upTo(2));
  }
  for (const optional of ["GpcSegmentIncluded", "SensitiveDataConsentSegmentIncluded"]) {
    if (model.hasField(name, optional) && yes(0.3)) set(optional, false);
  }
}

function fillTcf(model, name) {
  const set = (field, value) => model.setFieldValue(name, field, value);
  const custom = upTo(6);
  for (const f of ["CmpId", "CmpVersion", "VendorListVersion"]) set(f, upTo(4095));
  set("ConsentScreen", upTo(63));
  set("ConsentLanguage", letters());
  set("UseNonStandardStacks", yes());
  set("NumCustomPurposes", custom);
  const restrictions = yes(0.4) ? Array.from({ length: upTo(4) }, () => new RangeEntry(1 + upTo(22), restrictionType(), vendors())) : [];
  if (name === "tcfeuv2") {
    set("PolicyVersion", upTo(63));
    set("SpecialFeatureOptins", flags(12));
    set("PurposeConsents", flags(24));
    set("PurposeLegitimateInterests", flags(24));
    set("PurposeOneTreatment", yes());
    set("PublisherCountryCode", letters());
    for (const f of ["VendorConsents", "VendorLegitimateInterests", "VendorsDisclosed"]) set(f, vendors());
    set("PublisherRestrictions", restrictions);
    set("PublisherConsents", flags(24));
    set("PublisherLegitimateInterests", flags(24));
    set("PublisherCustomConsents", flags(custom));
    set("PublisherCustomLegitimateInterests", flags(custom));
  } else {
    set("TcfPolicyVersion", upTo(63));
    set("SpecialFeatureExpressConsent", flags(12));
    set("PurposesExpressConsent", flags(24));
    set("PurposesImpliedConsent", flags(24));
    for (const f of ["VendorExpressConsent", "VendorImpliedConsent", "DisclosedVendors"]) set(f, vendors());
    set("PubRestrictions", restrictions);
    set("PubPurposesExpressConsent", flags(24));
    set("PubPurposesImpliedConsent", flags(24));
    set("CustomPurposesExpressConsent", flags(custom));
    set("CustomPurposesImpliedConsent", flags(custom));
  }
  set("Created", date());
  set("LastUpdated", date());
}

// Lists on which every vendor may do everything, so that the encoder takes
// nothing away; one for each policy version.
const lists = {};
function list() {
  const policy = [2, 4, 5][upTo(2)];
  lists[policy] ??= makeList(policy);
  return lists[policy];
}

function makeList(policy) {
  const all = Array.from({ length: 11 }, (_, i) => i + 1);
  const named = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [i + 1, { id: i + 1, name: "n", description: "d", illustrations: [] }]));
  const vendors = {};
  for (let id = 1; id <= 1600; id++) {
    vendors[id] = { id, name: "v", purposes: all, legIntPurposes: all, flexiblePurposes: all, specialPurposes: [], features: [], specialFeatures: [], urls: [] };
  }
  return new GVL({
    gvlSpecificationVersion: 3, vendorListVersion: upTo(4095), tcfPolicyVersion: policy, lastUpdated: "2026-01-01T00:00:00Z",
    purposes: named(11), specialPurposes: named(2), features: named(3), specialFeatures: named(2), stacks: {}, dataCategories: named(1), vendors,
  });
}

function makeTcf() {
  const model = new TCModel(list());
  model.cmpId = 2 + upTo(4000);
  model.cmpVersion = upTo(4095);
  model.consentScreen = upTo(63);
  model.isServiceSpecific = yes(0.7);
  model.supportOOB = yes();
  model.useNonStandardTexts = yes();
  model.purposeOneTreatment = yes();
  model.publisherCountryCode = letters();
  model.created = date();
  model.lastUpdated = date();
  const some = (vector, ids) => ids.forEach((id) => vector.set(id));
  const pick = (n) => Array.from({ length: n }, (_, i) => i + 1).filter(() => yes());
  const known = () => vendors().filter((id) => id <= 1600);
  some(model.specialFeatureOptins, pick(12));
  some(model.purposeConsents, pick(24));
  some(model.purposeLegitimateInterests, pick(24));
  some(model.vendorConsents, known());
  some(model.vendorLegitimateInterests, known());
  some(model.vendorsDisclosed, known());
  some(model.vendorsAllowed, known());
  some(model.publisherConsents, pick(24));
  some(model.publisherLegitimateInterests, pick(24));
  const custom = upTo(4);
  model.numCustomPurposes = custom;
  some(model.publisherCustomConsents, pick(custom));
  some(model.publisherCustomLegitimateInterests, pick(custom));
  for (let i = upTo(3); i > 0; i--) {
    const restriction = new PurposeRestriction(1 + upTo(10), restrictionType());
    known().forEach((id) => model.publisherRestrictions.add(id, restriction));
  }
  return TCString.encode(model, { isForVendors: yes() });
}

function readGpp(text) {
  const model = new GppModel(text);
  const sectionIds = model.getSectionIds();
  return { sectionIds, sections: Object.fromEntries(sectionIds.map((id) => [id, { name: sections[id], section: model.getSection(sections[id]) }])) };
}

function readTcf(text) {
  const m = TCString.decode(text);
  const ids = (vector) => [...vector].filter(([, set]) => set).map(([id]) => id);
  return {
    version: m.version, created: m.created, lastUpdated: m.lastUpdated, cmpId: m.cmpId, cmpVersion: m.cmpVersion,
    consentScreen: m.consentScreen, consentLanguage: m.consentLanguage, vendorListVersion: m.vendorListVersion,
    policyVersion: m.policyVersion, isServiceSpecific: m.isServiceSpecific, useNonStandardTexts: m.useNonStandardTexts,
    purposeOneTreatment: m.purposeOneTreatment, publisherCountryCode: m.publisherCountryCode,
    specialFeatureOptins: ids(m.specialFeatureOptins), purposeConsents: ids(m.purposeConsents),
    purposeLegitimateInterests: ids(m.purposeLegitimateInterests), vendorConsents: ids(m.vendorConsents),
    vendorLegitimateInterests: ids(m.vendorLegitimateInterests), vendorsDisclosed: ids(m.vendorsDisclosed),
    vendorsAllowed: ids(m.vendorsAllowed),
    publisherRestrictions: m.publisherRestrictions.getRestrictions().map((r) => ({
      purposeId: r.purposeId, restrictionType: r.restrictionType, vendors: m.publisherRestrictions.getVendors(r),
    })),
    publisherConsents: ids(m.publisherConsents), publisherLegitimateInterests: ids(m.publisherLegitimateInterests),
    numCustomPurposes: m.numCustomPurposes, publisherCustomConsents: ids(m.publisherCustomConsents),
    publisherCustomLegitimateInterests: ids(m.publisherCustomLegitimateInterests),
  };
}

function witness(kind, text) {
  let line;
  try {
    line = { kind, text, fields: kind === "gpp" ? readGpp(text) : readTcf(text) };
  } catch (e) {
    line = { kind, text, error: String(e.message) };
  }
  process.stdout.write(JSON.stringify(line) + "\n");
}

const [mode, seed, count] = process.argv.slice(2);
if (mode === "make") {
  state = Number(seed) | 0;
  for (let i = 0; i < Number(count); i++) {
    const kind = i % 2 === 0 ? "gpp" : "tcf";
    witness(kind, kind === "gpp" ? makeGpp() : makeTcf());
  }
} else if (mode === "read") {
  for await (const line of createInterface({ input: process.stdin })) {
    const [kind, text] = line.split(" ");
    witness(kind, text ?? "");
  }
} else {
  process.stderr.write("usage: node oracle.mjs make SEED COUNT | read\n");
  process.exit(2);
}
