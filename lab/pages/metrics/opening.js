// Dialogs whose form needs data first.

import { describeError } from "../aws.js";
import { showNotice } from "../dialog.js";

let isOpening = false;

/** Calls `open`, which loads and opens a dialog. Says why if that fails. A second click meanwhile does nothing. */
export async function openLoaded(open) {
  if (isOpening) return;
  isOpening = true;
  try {
    await open();
  } catch (error) {
    showNotice(describeError(error) ?? String(error));
    if (!describeError(error)) console.error(error);
  }
  isOpening = false;
}
