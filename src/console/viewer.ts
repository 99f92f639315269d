/** Who looks at a page, and what the forms on it need. */

export interface Viewer {
  readonly name: string;
  readonly role: 'viewer' | 'developer' | 'release-manager' | 'admin';
  /** Goes back with every form; the API refuses a form without it. */
  readonly csrf: string;
}

const ORDER: readonly Viewer['role'][] = ['viewer', 'developer', 'release-manager', 'admin'];

/** Whether the viewer may do what asks for `role`. The API decides; the page only hides what it would refuse. */
export function may(viewer: Viewer, role: Viewer['role']): boolean {
  return ORDER.indexOf(viewer.role) >= ORDER.indexOf(role);
}
