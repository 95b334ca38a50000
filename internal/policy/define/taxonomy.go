package define

import (
	"slices"
	"strings"
)

// dataUses are the data uses of Fides (fideslang 3.2, CC BY 4.0) and the few
// that it lacks for channels, sorted. A workspace's purposes are among them or
// lie right under one.
var dataUses = [...]string{
	"analytics",
	"analytics.reporting",
	"analytics.reporting.ad_performance",
	"analytics.reporting.campaign_insights",
	"analytics.reporting.content_performance",
	"analytics.reporting.system",
	"analytics.reporting.system.performance",
	"collect",
	"employment",
	"employment.recruitment",
	"essential",
	"essential.fraud_detection",
	"essential.legal_obligation",
	"essential.service",
	"essential.service.authentication",
	"essential.service.notifications",
	"essential.service.notifications.email",
	"essential.service.notifications.onsite",
	"essential.service.notifications.post",
	"essential.service.notifications.push",
	"essential.service.notifications.sms",
	"essential.service.operations",
	"essential.service.operations.improve",
	"essential.service.operations.support",
	"essential.service.payment_processing",
	"essential.service.security",
	"essential.service.upgrades",
	"finance",
	"functional",
	"functional.service",
	"functional.service.improve",
	"functional.storage",
	"marketing",
	"marketing.advertising",
	"marketing.advertising.first_party",
	"marketing.advertising.first_party.contextual",
	"marketing.advertising.first_party.targeted",
	"marketing.advertising.frequency_capping",
	"marketing.advertising.negative_targeting",
	"marketing.advertising.profiling",
	"marketing.advertising.serving",
	"marketing.advertising.third_party",
	"marketing.advertising.third_party.targeted",
	"marketing.communications",
	"marketing.communications.email",
	"marketing.communications.onsite",
	"marketing.communications.post",
	"marketing.communications.push",
	"marketing.communications.sms",
	"operations",
	"personalize",
	"personalize.content",
	"personalize.content.limited",
	"personalize.content.profiled",
	"personalize.content.profiling",
	"personalize.system",
	"sales",
	"third_party_sharing",
	"third_party_sharing.legal_obligation",
	"train_ai_system",
}

// dataCategories are the data categories of Fides (fideslang 3.2, CC BY 4.0)
// about people, sorted, misspellings included.
var dataCategories = [...]string{
	"user",
	"user.account",
	"user.account.username",
	"user.authorization",
	"user.authorization.biometrics",
	"user.authorization.credentials",
	"user.authorization.password",
	"user.behavior",
	"user.behavior.browsing_history",
	"user.behavior.media_consumption",
	"user.behavior.purchase_history",
	"user.behavior.search_history",
	"user.biometrics",
	"user.biometrics.fingerprint",
	"user.biometrics.retinal",
	"user.biometrics.voice",
	"user.children",
	"user.children.children_under_thirteen",
	"user.children.thirteen_to_sixteen",
	"user.contact",
	"user.contact.address",
	"user.contact.address.city",
	"user.contact.address.country",
	"user.contact.address.mailing_address",
	"user.contact.address.postal_code",
	"user.contact.address.state",
	"user.contact.address.street",
	"user.contact.email",
	"user.contact.fax_number",
	"user.contact.phone_number",
	"user.contact.social_url",
	"user.content",
	"user.content.private",
	"user.content.public",
	"user.content.self_image",
	"user.criminal_history",
	"user.demographic",
	"user.demographic.age_range",
	"user.demographic.citizenship_or_immigration_status",
	"user.demographic.date_of_birth",
	"user.demographic.gender",
	"user.demographic.language",
	"user.demographic.marital_status",
	"user.demographic.philosophical_belief",
	"user.demographic.political_opinion",
	"user.demographic.profile",
	"user.demographic.protected_classifications",
	"user.demographic.race_ethnicity",
	"user.demographic.religious_belief",
	"user.demographic.sexual_orientation",
	"user.demographic.union_membership",
	"user.device",
	"user.device.cookie",
	"user.device.cookie_id",
	"user.device.device_id",
	"user.device.ip_address",
	"user.device.sensor",
	"user.device.telemetry",
	"user.financial",
	"user.financial.bank_account",
	"user.financial.credit_card",
	"user.government_id",
	"user.government_id.birth_certificate",
	"user.government_id.drivers_license_number",
	"user.government_id.immigration",
	"user.government_id.national_identification_number",
	"user.government_id.passport_number",
	"user.government_id.vehicle_registration",
	"user.health",
	"user.health.baby_formula",
	"user.health.condition",
	"user.health.genetic",
	"user.health.insurance_beneficiary_id",
	"user.health.maternity_clothing",
	"user.health.medical_diagnosis",
	"user.health.medications",
	"user.health.prescriptions",
	"user.health.record_id",
	"user.health.reproductive_or_sexual",
	"user.health.social_psychological_behavioral",
	"user.health.symptons",
	"user.health.treatment",
	"user.location",
	"user.location.coarse",
	"user.location.precise",
	"user.name",
	"user.name.first",
	"user.name.last",
	"user.payment",
	"user.privacy_preferences",
	"user.professional_information",
	"user.professional_information.job_title",
	"user.professional_information.workplace",
	"user.settings",
	"user.social_activity",
	"user.unique_id",
	"user.unique_id.deterministic",
	"user.unique_id.probablistic",
}

// alwaysSensitive is sensitive whatever a workspace says.
var alwaysSensitive = [...]string{
	"user.biometrics", "user.children", "user.criminal_history",
	"user.demographic.citizenship_or_immigration_status", "user.demographic.philosophical_belief",
	"user.demographic.political_opinion", "user.demographic.race_ethnicity", "user.demographic.religious_belief",
	"user.demographic.sexual_orientation", "user.demographic.union_membership",
	"user.government_id", "user.health",
}

func isDataCategory(key string) bool { return listed(dataCategories[:], key) }

func listed(sorted []string, key string) bool {
	_, ok := slices.BinarySearch(sorted, key)
	return ok
}

// above is the key one step up, and "" above a root.
func above(key string) string {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return ""
	}
	return key[:i]
}

// replaced are keys of older versions of Fides, and what to write now. They are
// refused, so that no rule about the new key misses them.
var replaced = map[string]string{
	"personalize.profiling":        "personalize.content.profiling",
	"user.account.settings":        "user.settings",
	"user.authorization.biometric": "user.authorization.biometrics",
	"user.biometric":               "user.biometrics",
	"user.childrens":               "user.children",
	"user.contact.organization":    "user.contact",
	"user.contact.url":             "user.contact.social_url",
	"user.health_and_medical":      "user.health",
	"user.job_title":               "user.professional_information.job_title",
	"user.location.imprecise":      "user.location.coarse",
	"user.sensor":                  "user.device.sensor",
	"user.social":                  "user.social_activity",
	"user.telemetry":               "user.device.telemetry",
	"user.unique_id.pseudonymous":  "user.unique_id",
	"user.user_sensor":             "user.device.sensor",
	"user.workplace":               "user.professional_information.workplace",
}

// replacement is what to write for a key that lies in one that Fides replaced.
func replacement(key string) (string, bool) {
	for k := key; k != ""; k = above(k) {
		if now, old := replaced[k]; old {
			return now + strings.TrimPrefix(key, k), true
		}
	}
	return "", false
}

// AlwaysSensitive lists the categories that no setting makes ordinary, with all
// below them.
func AlwaysSensitive() []string { return slices.Clone(alwaysSensitive[:]) }

// IsDataUse reports whether Fides, or heed beside it, knows the data use.
func IsDataUse(key string) bool { return listed(dataUses[:], key) }
