/**
 * What holds where a tenant says nothing else. A tenant's policy with the same `@id` replaces one of these; any other is added,
 * and a `forbid` wins over every `permit`.
 */
export const defaultPolicies = `
@id("default.reads")
permit (principal, action in Action::"read", resource);

@id("default.low-risk-writes")
permit (principal, action in Action::"write", resource)
when { context.risk == "low" && (context.reversible != "none" || context.idempotency == "marker") };

@id("default.approved-writes")
permit (principal, action in Action::"write", resource)
when { context.approved && context.risk != "critical" };

@id("default.critical-writes")
forbid (principal, action in Action::"critical", resource);
`;
