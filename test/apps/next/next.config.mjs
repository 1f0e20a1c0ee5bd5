/** The build writes static files, which any server can serve. */
export default { output: 'export', devIndicators: false };
