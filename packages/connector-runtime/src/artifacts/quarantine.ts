import { RuntimeError } from '../types/errors.ts';

/**
 * What a digest that is new here has to go through before it can be enabled or loaded: nothing, a promotion by somebody else
 * than who added it, or some hours of waiting (which such a promotion ends).
 */
export type Quarantine = 'none' | 'second-person' | { readonly waitHours: number };

/** As the artifact's row keeps it, so that a later change of the setting touches only what is new then. */
export interface QuarantineTerms {
  readonly needsPromotion: boolean;
  readonly availableAt: Date | null;
}

const HOUR_MS = 3_600_000;

/** The terms of an artifact that is added now. */
export function quarantineTerms(quarantine: Quarantine, now: number): QuarantineTerms {
  if (typeof quarantine === 'object') {
    return { needsPromotion: false, availableAt: new Date(now + quarantine.waitHours * HOUR_MS) };
  }
  return { needsPromotion: quarantine === 'second-person', availableAt: null };
}

/** Throws `ARTIFACT_QUARANTINED`. */
export function checkQuarantine(
  artifact: QuarantineTerms & { readonly digest: string; readonly addedBy: string; readonly promotedBy: string | null },
  now: number,
): void {
  const { digest, addedBy, needsPromotion, availableAt, promotedBy } = artifact;
  if (promotedBy !== null) return;
  const promote = `somebody else than ${addedBy} can promote it`;
  if (needsPromotion) {
    throw new RuntimeError('ARTIFACT_QUARANTINED', `${digest} is new here and in quarantine: ${promote}`, {
      details: { digest, addedBy },
    });
  }
  if (availableAt !== null && availableAt.getTime() > now) {
    const until = availableAt.toISOString();
    throw new RuntimeError('ARTIFACT_QUARANTINED', `${digest} is in quarantine until ${until}; earlier, ${promote}`, {
      details: { digest, addedBy, until },
    });
  }
}
