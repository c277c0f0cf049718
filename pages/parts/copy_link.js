// Copies a link to this page. Where the browser forbids it (a server without HTTPS), the link is shown and selected.

export default function ({ data, parentElement }) {
  const [button, field, said] = ["button", "input", "output"].map(name => parentElement.querySelector(name));
  button.onclick = async () => {
    field.value = `${location.origin}${location.pathname}?${data.query}`;
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied";
    } catch {
      field.hidden = false;
      field.select();
      said.textContent = "Press Ctrl+C";
    }
  };
}
