/** Functions that a plan wants probed must be there: a name with a slip in it would leave the function unprobed, unseen. */
import { didYouMean } from '../../domain/names/nearest.ts';
import type { ResolvedPlan } from '../../domain/plan/plan.ts';
import { isProbed } from '../../domain/plan/probe-file.ts';

/** One line for each name that means no function of the manifest. */
export function unknownProbed(
  { steps }: ResolvedPlan,
  services: readonly { readonly name: string; readonly functions: readonly { readonly name: string }[] }[],
): string[] {
  const names = new Set(steps.flatMap(({ probe }) => probe?.functions?.map(({ name }) => name) ?? []));
  const known = services.flatMap((service) => service.functions.map(({ name }) => name));
  return [...names]
    .filter((name) =>
      services.every((service) => !service.functions.some((one) => isProbed(name, service.name, one.name))),
    )
    .map(
      (name) =>
        `probe: the manifest has no function ${name}${didYouMean(name, known)} It has ${known.join(', ')}`,
    );
}
