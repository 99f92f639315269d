/** `props.service` of edition 1.0.0 (manifests §2.1). */
import { DESCRIPTION_MAX, isRoleArn, isServiceName, NAME_RULE } from '../names/fc.ts';
import type { MapReader } from './map-reader.ts';
import type { Position } from './model.ts';

/** A service as one module describes it; several modules may share one. */
export interface ServiceSettings {
  readonly name: string;
  readonly description: string;
  readonly internetAccess: boolean;
  readonly role: string;
  readonly at: Position;
}

const UNSUPPORTED = [
  'logConfig',
  'nasConfig',
  'ossMountConfig',
  'tags',
  'tracingConfig',
  'vpcBinding',
  'vpcConfig',
];

/** The service, or `null` when its name is missing or wrong. */
export function readService(map: MapReader): ServiceSettings | null {
  const name = map.text('name', { rule: NAME_RULE, allows: isServiceName });
  const settings = {
    description: map.textOr('description', '', {
      rule: `a text of ${DESCRIPTION_MAX} characters at most`,
      allows: (text) => text.length <= DESCRIPTION_MAX,
    }),
    internetAccess: map.flag('internetAccess', true),
    role: map.textOr('role', '', {
      rule: 'the ARN of a role (acs:ram::ACCOUNT:role/NAME); roles with policies of their own are not supported yet',
      allows: (text) => text === '' || isRoleArn(text),
    }),
  };
  map.refuse(UNSUPPORTED, { tracingConfig: 'Disable' });
  map.rest();
  return name === null ? null : { name, ...settings, at: map.node.at };
}
