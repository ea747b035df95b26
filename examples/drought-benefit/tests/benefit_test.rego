package benefit_test

import rego.v1

import data.benefit

# 100 acres of almonds in an extreme drought, half of the harvest lost.
claim := {
	"region": "central-valley",
	"crop": "almonds",
	"drought": "extreme",
	"acres": 100,
	"income": 250000,
	"yield": {"expected": 2000, "harvested": 1000},
}

with_change(change) := object.union(claim, change)

test_loss_in_extreme_drought_is_paid if {
	benefit.decision.eligible with input as claim
	benefit.decision.amount == 15375 with input as claim
	benefit.decision.reasons == [] with input as claim
}

test_small_farm_gets_a_bonus if {
	# 40 * 410 * 0.75 * 0.5 = 6150, and 15 % on top
	benefit.decision.amount == 7072 with input as with_change({"acres": 40})
}

test_bonus_ends_above_the_limit if {
	benefit.decision.amount == 7687 with input as with_change({"acres": 50.0001, "crop": "almonds"})
}

test_amount_never_exceeds_the_limit if {
	benefit.decision.amount == 125000 with input as with_change({"acres": 100000})
}

test_refused_claim_pays_nothing if {
	benefit.decision.amount == 0 with input as with_change({"region": "nowhere"})
}

test_each_reason_is_named if {
	cases := [
		[{"region": "nowhere"}, "region-not-covered"],
		[{"drought": "moderate"}, "drought-not-severe-enough"],
		[{"crop": "tulips"}, "crop-not-covered"],
		[{"acres": 0.5}, "farm-too-small"],
		[{"yield": {"harvested": 1900}}, "loss-too-small"],
		[{"income": 900001}, "income-above-limit"],
	]
	every case in cases {
		decision := benefit.decision with input as with_change(case[0])
		decision.reasons == [case[1]]
		not decision.eligible
	}
}

test_all_reasons_are_named_together if {
	decision := benefit.decision with input as with_change({"region": "nowhere", "income": 900001})
	decision.reasons == ["income-above-limit", "region-not-covered"]
}

test_limits_themselves_are_within if {
	benefit.eligible with input as with_change({"income": 900000, "acres": 1, "drought": "severe", "yield": {"expected": 10, "harvested": 7}})
}

test_a_good_harvest_is_no_negative_loss if {
	benefit.decision.reasons == ["loss-too-small"] with input as with_change({"yield": {"harvested": 9000}})
}

test_incomplete_input_is_refused_not_undefined if {
	every partial in [{}, {"region": 1}, object.remove(claim, ["acres"]), with_change({"drought": "biblical"}), with_change({"yield": {"expected": 0}})] {
		decision := benefit.decision with input as partial
		decision == {
			"eligible": false,
			"amount": 0,
			"reasons": ["input-incomplete"],
			"office": "unassigned",
			"policyVersion": data.rules.version,
		}
	}
}
