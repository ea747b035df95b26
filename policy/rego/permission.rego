# Who may do what: is role Pipeline allowed action deploy on resource drought_benefit? No, unless a grant says so.
package hms.permission

# Input: role, action, resource (a service), context.stack. Grants: data.permissions.roles, by role.
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

given(key) if {
	is_string(input[key])
	input[key] != ""
}

default stack := ""

stack := input.context.stack

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
