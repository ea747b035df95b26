package hms.permission_test

import data.hms.permission

roles := {"Pipeline": [{"actions": ["deploy"], "resources": ["drought_benefit"], "stacks": ["prod"]}]}

ask(extra) := ask_with(roles, extra)

ask_with(granted, extra) := result if {
	asked := object.union({"role": "Pipeline", "action": "deploy", "resource": "drought-benefit", "context": {"stack": "prod"}}, extra)
	result := permission.decision with input as asked with data.permissions.roles as granted
}

test_what_is_granted_is_allowed if ask({}).allow

test_a_service_may_be_written_with_underscores if ask({"resource": "drought_benefit"}).allow

test_another_action_is_denied if not ask({"action": "rollback"}).allow

test_one_action_on_a_thing_brings_no_other if {
	granted := {"Pipeline": [{"actions": ["snapshot-take"], "resources": ["drought_benefit"]}]}
	ask_with(granted, {"action": "snapshot-take"}).allow
	not ask_with(granted, {"action": "snapshot-prune"}).allow
	not ask_with(granted, {"action": "ledger-export"}).allow
}

test_a_right_to_one_sandbox_is_none_to_all_of_them if {
	granted := {"Pipeline": [{"actions": ["sandbox-reap"], "resources": ["sbx-1"]}]}
	ask_with(granted, {"action": "sandbox-reap", "resource": "sbx-1"}).allow
	not ask_with(granted, {"action": "sandbox-reap", "resource": "sandboxes"}).allow
}

test_another_service_is_denied if not ask({"resource": "benefits-api"}).allow

test_another_stack_is_denied if not ask({"context": {"stack": "staging"}}).allow

test_no_stack_is_denied_where_stacks_are_named if not permission.decision.allow with input as {"role": "Pipeline", "action": "deploy", "resource": "drought_benefit"} with data.permissions.roles as roles

test_an_unknown_role_is_denied_with_its_name if ask({"role": "Guest"}).reasons == ["there is no role Guest"]

test_nothing_at_all_is_denied if permission.decision.reasons == ["no action was given", "no resource was given", "no role was given"] with input as {} with data.permissions.roles as roles

test_no_grants_at_all_is_denied if not permission.decision.allow with input as {"role": "Pipeline", "action": "deploy", "resource": "drought_benefit"} with data.permissions as {}

test_a_role_must_be_proven_where_the_stack_says_so if ask({"context": {"stack": "prod", "mustProve": true}}).reasons == ["nothing proves role Pipeline"]

test_a_proof_is_one_of_those_that_are_known if not ask({"context": {"stack": "prod", "mustProve": true, "proof": "x"}}).allow

test_an_emergency_allows_what_is_listed_alone if {
	context := {"stack": "prod", "mustProve": true, "emergency": true}
	ask({"context": context}).allow with data.permissions.emergency as ["deploy"]
	not ask({"context": context}).allow with data.permissions.emergency as ["rollback"]
}

test_what_is_known_against_a_deployment_denies_it if ask({"context": {"stack": "prod", "images": [{"name": "web:v4"}], "plaintext": ["A of service web"]}}).reasons == ["A of service web is in plain text", "image web:v4 is not named by its digest"]
