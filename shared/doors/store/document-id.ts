/**
 * Returns true if Firestore accepts the text as a document's id
 * (https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields).
 */
export function isDocumentId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= 1500 && !/\/|^\.\.?$|^__.*__$/.test(id);
}
