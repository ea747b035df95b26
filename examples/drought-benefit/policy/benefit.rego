# Drought relief for farms: who is eligible, and for how much.
# Rates and thresholds are in data.json, so that a change of a rate is a change of data, not of logic.
package benefit

import rego.v1

rules := data.rules

default eligible := false

eligible if count(reasons) == 0

# What stands against the claim, each as a code that letters to applicants are written from.
reasons contains "input-incomplete" if not complete

reasons contains "region-not-covered" if {
	complete
	not input.region in rules.regions
}

reasons contains "drought-not-severe-enough" if {
	complete
	rules.severity[input.drought] < rules.severity[rules.minimum_severity]
}

reasons contains "crop-not-covered" if {
	complete
	not rules.rate_per_acre[input.crop]
}

reasons contains "farm-too-small" if {
	complete
	input.acres < rules.minimum_acres
}

reasons contains "loss-too-small" if {
	complete
	loss_share < rules.minimum_loss_share
}

reasons contains "income-above-limit" if {
	complete
	input.income > rules.income_limit
}

complete if {
	is_string(input.region)
	is_string(input.crop)
	rules.severity[input.drought] >= 0
	input.acres > 0
	input.income >= 0
	input.yield.expected > 0
	input.yield.harvested >= 0
}

loss_share := max([0, 1 - (input.yield.harvested / input.yield.expected)])

# Whole dollars, rounded down, never above the limit of the programme.
default amount := 0

amount := min([floor(base + bonus), rules.maximum_benefit]) if eligible

base := ((input.acres * rules.rate_per_acre[input.crop]) * rules.severity[input.drought]) * loss_share

default bonus := 0

bonus := base * rules.small_farm.bonus_share if input.acres <= rules.small_farm.acres_up_to

# The office that answers; each stack names its own.
default office := "unassigned"

office := opa.runtime().env.REGION

# What the service answers at /v1/data/benefit/decision.
decision := {
	"eligible": eligible,
	"amount": amount,
	"reasons": sort([reason | some reason in reasons]),
	"office": office,
	"policyVersion": rules.version,
}
