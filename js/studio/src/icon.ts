import { LabIcon } from '@jupyterlab/ui-components';

export const panelIcon = new LabIcon({
  name: 'nexus-jupyter:panel',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 22 22"><path class="jp-icon3" fill="#616161" d="M3 4h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm1 5v7h14V9zm2 2h5v3H6zm7 0h3v1h-3zm0 2h3v1h-3z"/></svg>'
});
