/** Hands a file to the browser's downloads; it is never opened here. */
export function keepFile(content: Blob, name: string): void {
  // Whatever its sender calls it, the browser is not to show it.
  const address = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
