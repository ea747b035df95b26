# Who may do what: is role Pipeline allowed action deploy on resource drought_benefit? No, unless a grant says so, or
# where something is known against what is deployed.
package hms.permission

# Input: role, action, resource (a service, a sandbox, an account, a repository of images; `sandboxes`: all of them), and
# context:
#   stack; proof ("oidc", "aws" or "none") and mustProve; emergency: whether somebody cannot wait for a proof;
#   images [{name, signed}] and plaintext [where], as far as they are known already.
# Grants: data.permissions.roles, by role. Actions that an emergency allows without a proof: data.permissions.emergency.
decision := {"allow": count(reasons) == 0, "reasons": sort(reasons)}

reasons contains "no role was given" if not given("role")

reasons contains "no action was given" if not given("action")

reasons contains "no resource was given" if not given("resource")

reasons contains sprintf("there is no role %s", [input.role]) if {
	given("role")
	not data.permissions.roles[input.role]
}

reasons contains sprintf("role %s may not %s %s%s", [input.role, input.action, input.resource, where]) if {
	data.permissions.roles[input.role]
	given("action")
	given("resource")
	not granted
}

reasons contains sprintf("nothing proves role %s", [input.role]) if {
	given("role")
	context.mustProve
	not proven
	not emergency
}

reasons contains sprintf("an emergency is no reason to %s", [input.action]) if {
	given("action")
	context.emergency
	not emergency
}

reasons contains sprintf("image %s is not named by its digest", [image.name]) if {
	some image in context.images
	not regex.match(`@sha256:[0-9a-f]{64}$`, image.name)
}

reasons contains sprintf("image %s is not signed by a key that counts", [image.name]) if {
	some image in context.images
	image.signed == false
}

reasons contains sprintf("%s is in plain text", [place]) if some place in context.plaintext

given(key) if {
	is_string(input[key])
	input[key] != ""
}

context := object.union({"mustProve": false, "emergency": false, "images": [], "plaintext": []}, object.get(input, "context", {}))

proven if context.proof in {"oidc", "aws"}

emergency if {
	context.emergency
	input.action in data.permissions.emergency
}

default stack := ""

stack := context.stack

where := "" if stack == ""

where := sprintf(" on stack %s", [stack]) if stack != ""

granted if {
	some grant in data.permissions.roles[input.role]
	listed(grant.actions, input.action)
	listed(grant.resources, input.resource)
	listed(object.get(grant, "stacks", ["*"]), stack)
}

listed(allowed, _) if "*" in allowed

# A service is named with hyphens, and in some systems with underscores.
listed(allowed, value) if {
	some one in allowed
	replace(one, "_", "-") == replace(value, "_", "-")
}
