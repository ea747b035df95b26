import { isProperties, type Value } from "../../../rpc";
import { listAt, orNothing, POLICY, REPLACE, retag, tagList, tagMap, TAGS, text, type Call, type Kind } from "../kind";

/** IAM gives documents back as they stand in a URL. */
const documentOf = (value: Value | undefined): Value | undefined =>
  typeof value === "string" ? decodeURIComponent(value) : value;

const role: Kind = {
  service: "iam",
  global: true,
  name: { property: "name", prefix: "namePrefix", longest: 64 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    path: { replace: true, default: "/" },
    assumeRolePolicy: POLICY,
    description: { default: "" },
    maxSessionDuration: { default: 3600 },
    permissionsBoundary: { default: "" },
    forceDetachPolicies: { default: false, local: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateRole",
    {
      RoleName: wanted.name,
      Path: wanted.path,
      AssumeRolePolicyDocument: wanted.assumeRolePolicy,
      Description: wanted.description,
      MaxSessionDuration: wanted.maxSessionDuration,
      PermissionsBoundary: orNothing(wanted.permissionsBoundary),
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (wanted) => wanted.name,
  reads: [
    {
      command: "GetRole",
      input: (id) => ({ RoleName: id }),
      take: (answer) => ({
        name: answer("Role.RoleName"),
        arn: answer("Role.Arn"),
        path: answer("Role.Path"),
        uniqueId: answer("Role.RoleId"),
        createDate: answer("Role.CreateDate"),
        assumeRolePolicy: documentOf(answer("Role.AssumeRolePolicyDocument")),
        description: answer("Role.Description") ?? "",
        maxSessionDuration: answer("Role.MaxSessionDuration"),
        permissionsBoundary: answer("Role.PermissionsBoundary.PermissionsBoundaryArn") ?? "",
        tagsAll: tagMap(answer("Role.Tags")),
      }),
    },
  ],
  changes: [
    {
      properties: ["assumeRolePolicy"],
      calls: (id, { assumeRolePolicy }) => [
        ["UpdateAssumeRolePolicy", { RoleName: id, PolicyDocument: assumeRolePolicy }],
      ],
    },
    {
      properties: ["description", "maxSessionDuration"],
      calls: (id, { description, maxSessionDuration }) => [
        ["UpdateRole", { RoleName: id, Description: description, MaxSessionDuration: maxSessionDuration }],
      ],
    },
    {
      properties: ["permissionsBoundary"],
      calls: (id, { permissionsBoundary }) => [
        permissionsBoundary === ""
          ? ["DeleteRolePermissionsBoundary", { RoleName: id }]
          : ["PutRolePermissionsBoundary", { RoleName: id, PermissionsBoundary: permissionsBoundary }],
      ],
    },
    retag({ tag: "TagRole", untag: "UntagRole", keys: "TagKeys", of: (id) => ({ RoleName: id }) }),
  ],
  async empty(id, { forceDetachPolicies }, call) {
    if (forceDetachPolicies !== true) return;
    for (const one of listAt(await call(["ListAttachedRolePolicies", { RoleName: id }]), "AttachedPolicies").filter(
      isProperties,
    ))
      await call(["DetachRolePolicy", { RoleName: id, PolicyArn: one.PolicyArn }]);
    for (const one of listAt(await call(["ListRolePolicies", { RoleName: id }]), "PolicyNames"))
      await call(["DeleteRolePolicy", { RoleName: id, PolicyName: one }]);
  },
  remove: (id) => [["DeleteRole", { RoleName: id }]],
};

const policy: Kind = {
  service: "iam",
  global: true,
  name: { property: "name", prefix: "namePrefix", longest: 128 },
  identity: ["name"],
  inputs: {
    name: REPLACE,
    namePrefix: REPLACE,
    path: { replace: true, default: "/" },
    description: { replace: true, default: "" },
    policy: POLICY,
    tags: TAGS,
  },
  create: (wanted) => [
    "CreatePolicy",
    {
      PolicyName: wanted.name,
      Path: wanted.path,
      Description: wanted.description,
      PolicyDocument: wanted.policy,
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (_wanted, answer) => answer("Policy.Arn"),
  reads: [
    {
      command: "GetPolicy",
      input: (id) => ({ PolicyArn: id }),
      take: (answer, _where, id) => ({
        arn: id,
        name: answer("Policy.PolicyName"),
        path: answer("Policy.Path"),
        description: answer("Policy.Description") ?? "",
        policyId: answer("Policy.PolicyId"),
        attachmentCount: answer("Policy.AttachmentCount"),
        _version: answer("Policy.DefaultVersionId"),
        tagsAll: tagMap(answer("Policy.Tags")),
      }),
    },
    {
      command: "GetPolicyVersion",
      input: (id, { _version }) => ({ PolicyArn: id, VersionId: _version }),
      take: (answer) => ({ policy: documentOf(answer("PolicyVersion.Document")) }),
    },
  ],
  changes: [
    {
      properties: ["policy"],
      // A policy may have five versions: the oldest makes room.
      async calls(id, wanted, _olds, _where, ask) {
        const versions = listAt(await ask(["ListPolicyVersions", { PolicyArn: id }]), "Versions").filter(isProperties);
        const [oldest] = versions
          .filter((one) => one.IsDefaultVersion !== true)
          .sort((a, b) => (text(a.CreateDate) < text(b.CreateDate) ? -1 : 1));
        const create: Call = [
          "CreatePolicyVersion",
          { PolicyArn: id, PolicyDocument: wanted.policy, SetAsDefault: true },
        ];
        if (versions.length < 5 || oldest === undefined) return [create];
        return [["DeletePolicyVersion", { PolicyArn: id, VersionId: oldest.VersionId }], create];
      },
    },
    retag({ tag: "TagPolicy", untag: "UntagPolicy", keys: "TagKeys", of: (id) => ({ PolicyArn: id }) }),
  ],
  async empty(id, _state, call) {
    for (const one of listAt(await call(["ListPolicyVersions", { PolicyArn: id }]), "Versions").filter(isProperties))
      if (one.IsDefaultVersion !== true)
        await call(["DeletePolicyVersion", { PolicyArn: id, VersionId: one.VersionId }]);
  },
  remove: (id) => [["DeletePolicy", { PolicyArn: id }]],
};

/** `role:name`. */
const rolePolicyParts = (id: string): readonly [role: string, name: string] => {
  const colon = id.indexOf(":");
  return [id.slice(0, colon), id.slice(colon + 1)];
};

const putRolePolicy = (id: string, document: Value | undefined): Call => {
  const [RoleName, PolicyName] = rolePolicyParts(id);
  return ["PutRolePolicy", { RoleName, PolicyName, PolicyDocument: document }];
};

const rolePolicy: Kind = {
  service: "iam",
  global: true,
  name: { property: "name", prefix: "namePrefix", longest: 128 },
  identity: ["name", "role"],
  inputs: { name: REPLACE, namePrefix: REPLACE, role: REPLACE, policy: POLICY },
  create: (wanted) => putRolePolicy(`${text(wanted.role)}:${text(wanted.name)}`, wanted.policy),
  id: ({ role: owner, name }) => `${text(owner)}:${text(name)}`,
  reads: [
    {
      command: "GetRolePolicy",
      input: (id) => {
        const [RoleName, PolicyName] = rolePolicyParts(id);
        return { RoleName, PolicyName };
      },
      take: (answer) => ({
        role: answer("RoleName"),
        name: answer("PolicyName"),
        policy: documentOf(answer("PolicyDocument")),
      }),
    },
  ],
  changes: [{ properties: ["policy"], calls: (id, wanted) => [putRolePolicy(id, wanted.policy)] }],
  remove(id) {
    const [RoleName, PolicyName] = rolePolicyParts(id);
    return [["DeleteRolePolicy", { RoleName, PolicyName }]];
  },
};

/** `role/arn`. */
const attachmentParts = (id: string): readonly [role: string, arn: string] => {
  const slash = id.indexOf("/");
  return [id.slice(0, slash), id.slice(slash + 1)];
};

const rolePolicyAttachment: Kind = {
  service: "iam",
  global: true,
  identity: ["role", "policyArn"],
  inputs: { role: REPLACE, policyArn: REPLACE },
  create: ({ role: RoleName, policyArn: PolicyArn }) => ["AttachRolePolicy", { RoleName, PolicyArn }],
  id: (wanted) => `${text(wanted.role)}/${text(wanted.policyArn)}`,
  reads: [
    {
      command: "ListAttachedRolePolicies",
      input: (id) => ({ RoleName: attachmentParts(id)[0], MaxItems: 1000 }),
      take(answer, _where, id) {
        const [owner, arn] = attachmentParts(id);
        const isThere = listAt(answer, "AttachedPolicies").some((one) => isProperties(one) && one.PolicyArn === arn);
        return isThere ? { role: owner, policyArn: arn } : undefined;
      },
    },
  ],
  changes: [],
  remove(id) {
    const [RoleName, PolicyArn] = attachmentParts(id);
    return [["DetachRolePolicy", { RoleName, PolicyArn }]];
  },
};

const withScheme = (url: Value | undefined): string => `https://${text(url).replace(/^https:\/\//, "")}`;

const openIdConnectProvider: Kind = {
  service: "iam",
  global: true,
  identity: ["url"],
  inputs: {
    url: { replace: true, normal: withScheme },
    clientIdLists: { unordered: true },
    thumbprintLists: { unordered: true, computed: true },
    tags: TAGS,
  },
  create: (wanted) => [
    "CreateOpenIDConnectProvider",
    {
      Url: withScheme(wanted.url),
      ClientIDList: wanted.clientIdLists,
      ThumbprintList: wanted.thumbprintLists,
      Tags: tagList(wanted.tagsAll),
    },
  ],
  id: (_wanted, answer) => answer("OpenIDConnectProviderArn"),
  reads: [
    {
      command: "GetOpenIDConnectProvider",
      input: (id) => ({ OpenIDConnectProviderArn: id }),
      take: (answer, _where, id) => ({
        arn: id,
        url: withScheme(answer("Url")),
        clientIdLists: answer("ClientIDList") ?? [],
        thumbprintLists: answer("ThumbprintList") ?? [],
        tagsAll: tagMap(answer("Tags")),
      }),
    },
  ],
  changes: [
    {
      properties: ["clientIdLists"],
      calls(id, { clientIdLists: news }, { clientIdLists: olds }) {
        const [wanted, had] = [news, olds].map((list) => (Array.isArray(list) ? list : []));
        const of = (ClientID: Value) => ({ OpenIDConnectProviderArn: id, ClientID });
        return [
          ...(wanted ?? [])
            .filter((one) => had?.includes(one) !== true)
            .map((one) => ["AddClientIDToOpenIDConnectProvider", of(one)] as const),
          ...(had ?? [])
            .filter((one) => wanted?.includes(one) !== true)
            .map((one) => ["RemoveClientIDFromOpenIDConnectProvider", of(one)] as const),
        ];
      },
    },
    {
      properties: ["thumbprintLists"],
      calls: (id, wanted) => [
        [
          "UpdateOpenIDConnectProviderThumbprint",
          { OpenIDConnectProviderArn: id, ThumbprintList: wanted.thumbprintLists },
        ],
      ],
    },
    retag({
      tag: "TagOpenIDConnectProvider",
      untag: "UntagOpenIDConnectProvider",
      keys: "TagKeys",
      of: (id) => ({ OpenIDConnectProviderArn: id }),
    }),
  ],
  remove: (id) => [["DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: id }]],
};

export const IAM: Readonly<Record<string, Kind>> = {
  "aws:iam/role:Role": role,
  "aws:iam/policy:Policy": policy,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": rolePolicyAttachment,
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": openIdConnectProvider,
};
