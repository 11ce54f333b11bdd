import * as v from 'valibot';

const nullableNames = v.optional(v.nullable(v.array(v.string())));
const ruleSchema = v.looseObject({
  name: v.optional(v.string()),
  names: nullableNames,
  action: v.string(),
  args: v.optional(v.nullable(v.array(v.unknown()))),
  includes: v.optional(v.nullable(v.looseObject({ caps: nullableNames }))),
});
const profileSchema = v.looseObject({ defaultAction: v.string(), syscalls: v.array(ruleSchema) });
type Rule = v.InferOutput<typeof ruleSchema>;

/** What leads to a namespace, and so to capabilities in it, to another view of the file system, or to keyrings. */
const withheld = new Set([
  ...['unshare', 'setns', 'mount', 'umount', 'umount2', 'pivot_root', 'mount_setattr'],
  ...['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick'],
  ...['keyctl', 'add_key', 'request_key'],
]);
const admin = 'CAP_SYS_ADMIN';
const permissionDenied = 1;
const noSuchCall = 38;
/** CLONE_NEW… of every kind of namespace that clone(2) can make. */
const namespaceFlags = 0x7e020000;
const s390 = ['s390', 's390x'];

/**
 * An engine's seccomp profile, without what Docker's default keeps from a task that has no CAP_SYS_ADMIN. Null where it
 * cannot be narrowed: it is none, or a list of what is refused.
 */
export function narrowedProfile(text: string): string | null {
  // Numbers of 64 bits would not survive being written again.
  if (/\d{16}/.test(text)) return null;
  const profile = v.safeParse(profileSchema, parsed(text));
  if (!profile.success || !refuses(profile.output.defaultAction)) return null;
  const syscalls = [...profile.output.syscalls.flatMap(narrowed), ...refusals];
  return JSON.stringify({ ...profile.output, syscalls });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refuses(action: string): boolean {
  return /^SCMP_ACT_(ERRNO|KILL)/.test(action);
}

/** What a rule gives to everyone, withheld from all but those who have been given CAP_SYS_ADMIN. */
function narrowed(rule: Rule): Rule[] {
  if (refuses(rule.action) || (rule.includes?.caps ?? []).length > 0) return [rule];
  const { name, names, ...rest } = rule;
  const all = name === undefined ? (names ?? []) : [name];
  // One that looks at the arguments of clone already cannot look at them twice.
  const clones = (rest.args ?? []).length > 0 ? [] : ['clone', 'clone3'];
  const isNarrowed = (call: string) => withheld.has(call) || clones.includes(call);
  const rules: (Rule & { readonly names: readonly string[] })[] = [
    { ...rest, names: all.filter((call) => !isNarrowed(call)) },
    { ...rest, names: all.filter(isNarrowed), includes: { ...rest.includes, caps: [admin] } },
    ...(clones.length > 0 && all.includes('clone') ? clonesWithoutNamespaces(rest.action) : []),
  ];
  return rules.filter(({ names: left }) => left.length > 0);
}

/** Its flags are the second argument on one processor. */
function clonesWithoutNamespaces(action: string) {
  const ruleFor = (index: number) => ({
    names: ['clone'],
    action,
    args: [{ index, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  });
  return [
    { ...ruleFor(0), excludes: { caps: [admin], arches: s390 } },
    { ...ruleFor(1), includes: { arches: s390 }, excludes: { caps: [admin] } },
  ];
}

/** The flags of clone3 are out of a filter's sight; whoever is told that it does not exist uses clone. */
const refusals = [
  refusal([...withheld], permissionDenied),
  refusal(['clone3'], noSuchCall),
] as const;

function refusal(names: string[], errnoRet: number) {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet, excludes: { caps: [admin] } };
}
