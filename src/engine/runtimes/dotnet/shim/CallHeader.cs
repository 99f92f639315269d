using System.Text;

namespace Sluice.Shim
{
    /// The head of a call: u32 retry count with the probe bit, then request id and qualifier, each with a u16 length.
    sealed class CallHeader
    {
        public readonly uint Call;
        public readonly string RequestId;
        public readonly string Qualifier;
        /// What stands behind the head: the event.
        public readonly byte[] Body;

        public CallHeader(Channel.Frame frame)
        {
            var bytes = frame.Payload;
            Call = frame.Call;
            var idLength = bytes[4] << 8 | bytes[5];
            RequestId = Encoding.UTF8.GetString(bytes, 6, idLength);
            var at = 6 + idLength;
            var qualifierLength = bytes[at] << 8 | bytes[at + 1];
            Qualifier = Encoding.UTF8.GetString(bytes, at + 2, qualifierLength);
            at += 2 + qualifierLength;
            Body = new byte[bytes.Length - at];
            System.Buffer.BlockCopy(bytes, at, Body, 0, Body.Length);
        }
    }
}
