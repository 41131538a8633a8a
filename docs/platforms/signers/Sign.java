// java Sign.java KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
// java Sign.java KEYFILE: a bearer token to read your own data, good for four minutes
// Java 17 and nothing else. In a service, read the key file with your own JSON library.
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

public class Sign {
    // PKCS #8 of a bare secret (RFC 8410; RFC 5208 with RFC 5915 inside).
    static final String ED25519 = "302e020100300506032b657004220420";
    static final String P256 =
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    static String file;

    static String member(String name) {
        var found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(file);
        if (!found.find()) throw new IllegalArgumentException("the key file has no " + name);
        return found.group(1);
    }

    static String b64(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    static String[] sign(String members, byte[] payload) throws Exception {
        boolean okp = member("kty").equals("OKP");
        var encoded = new ByteArrayOutputStream();
        encoded.write(HexFormat.of().parseHex(okp ? ED25519 : P256));
        encoded.write(Base64.getUrlDecoder().decode(member("d")));
        PrivateKey key = KeyFactory.getInstance(okp ? "Ed25519" : "EC")
            .generatePrivate(new PKCS8EncodedKeySpec(encoded.toByteArray()));
        String head = b64(("{\"alg\":\"" + (okp ? "Ed25519" : "ES256") + "\",\"kid\":\""
            + member("kid") + "\"," + members + "}").getBytes());
        // inP1363Format: r and s side by side. Without it, ES256 would come as DER.
        var signer = Signature.getInstance(okp ? "Ed25519" : "SHA256withECDSAinP1363Format");
        signer.initSign(key);
        signer.update((head + "." + b64(payload)).getBytes());
        return new String[] {head, b64(signer.sign())};
    }

    public static void main(String[] arguments) throws Exception {
        file = Files.readString(Path.of(arguments[0]));
        long now = System.currentTimeMillis() / 1000;
        String issued = "\"iss\":\"" + member("emitter") + "\",\"iat\":" + now;
        if (arguments.length == 3) {
            String header = "\"typ\":\"sijill-submission+jws\",\"jti\":\"" + arguments[1]
                + "\",\"cty\":\"application/cloudevents-batch+json\"," + issued;
            var signed = sign(header, Files.readAllBytes(Path.of(arguments[2])));
            System.out.println(signed[0] + ".." + signed[1]);
        } else {
            byte[] claims = ("{" + issued + ",\"exp\":" + (now + 240) + ",\"aud\":\""
                + member("registry") + "\"}").getBytes();
            var signed = sign("\"typ\":\"sijill-access+jwt\"", claims);
            System.out.println(signed[0] + "." + b64(claims) + "." + signed[1]);
        }
    }
}
