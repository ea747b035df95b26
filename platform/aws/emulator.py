"""Starts the emulator, moto, with one thing put right: conditions in policies of buckets.

It tells such a policy nothing of the request, takes each condition as not met, and a statement whose condition is not
met as a denial, whatever its effect and resource. A bucket that only refuses what comes without TLS would be closed to
everybody. Here a statement with a condition has no say in a bucket.
"""

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.server import main

judge = IAMPolicyStatement.is_action_permitted


def is_action_permitted(self, action, resource="*", principal=None, incoming_condition_values=None):
    if incoming_condition_values is None and self._statement.get("Condition"):
        return PermissionResult.NEUTRAL
    return judge(self, action, resource, principal, incoming_condition_values)


IAMPolicyStatement.is_action_permitted = is_action_permitted

if __name__ == "__main__":
    main()
