// What JupyterLab gets besides the output renderer, which is a mime extension of its own: mime.ts.

import { editor } from './editor.ts';
import { preview } from './preview.ts';
import { saving } from './saving.ts';
import { writeback } from './writeback.ts';

export default [editor, preview, saving, writeback];
