/** What names a panel in an output. */
export const OUTPUT_TYPE = 'application/vnd.nexus.panel.v1+json';
